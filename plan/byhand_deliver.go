package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
)

// stageDir is where files wait, next to where they will stand: a rename between the two is atomic.
const stageDir = ".hardway-stage"

func staged(there string) string { return path.Join(path.Dir(there), stageDir, path.Base(there)) }

// delivery is what one node is to hold, and how a person reaches it.
type delivery struct {
	hand
	// files is all of them but executables; directories come before what is in them.
	files []artifact.File
	// executables go along as far as they stand in binaries.dir.
	executables []executables
}

// executables is names in a directory of the work directory, and the directory of the host that they go to.
type executables struct {
	from, to string
	names    []string
}

func newDelivery(spec *cluster.Spec, node cluster.Node) (delivery, error) {
	d := delivery{hand: handOn(spec, node)}
	programs := executables{from: spec.Binaries.Dir, to: binaries.HostDir}
	plugins := executables{from: path.Join(spec.Binaries.Dir, binaries.CNIPrefix), to: binaries.CNIDir}
	list, err := outlines(spec, node, "all")
	for _, o := range list {
		d.files = append(d.files, o.whole()...)
		for _, name := range o.binaries {
			if plugin, ok := strings.CutPrefix(name, binaries.CNIPrefix); ok {
				plugins.names = append(plugins.names, plugin)
			} else {
				programs.names = append(programs.names, name)
			}
		}
	}
	for _, e := range []executables{programs, plugins} {
		if len(e.names) > 0 {
			d.executables = append(d.executables, e)
		}
	}
	slices.SortStableFunc(d.files, byPath)
	d.files = slices.CompactFunc(d.files, func(a, b artifact.File) bool { return a.Path == b.Path })
	return d, err
}

// perDelivery is the commands of each node that gets anything.
func perDelivery(spec *cluster.Spec, commands func(delivery) []Command) []Command {
	nodes := slices.DeleteFunc(slices.Clone(spec.Hosts), func(n cluster.Node) bool { return !rendersAnything(spec, n) })
	return perNode(nodes, func(n cluster.Node) []Command {
		d, err := newDelivery(spec, n)
		if err != nil {
			return unexplained("hosts/"+n.Name, err)
		}
		return commands(d)
	})
}

// distributeByHand stages on every host before anything counts on any.
func distributeByHand(spec *cluster.Spec) []Command {
	return slices.Concat(
		perDelivery(spec, delivery.idle), perDelivery(spec, delivery.stage), perDelivery(spec, delivery.commit))
}

func (d delivery) idle() []Command {
	return []Command{d.on("some files act the moment they stand there, so go on only where nothing that reads them runs", lines(
		"if systemctl is-active "+strings.Join(unitsOf(d.files), " ")+"; then",
		"  echo "+quote("one of these runs on "+d.node.Name+": change what it reads in a restart of its own")+" >&2",
		"  exit 1",
		"fi"))}
}

func (d delivery) stage() []Command {
	commands := append(d.declareUsers(),
		d.on("directories with their owners, and next to each place a staging directory that only root can enter", allOf(d.makeDirs())),
		d.here("each file with its mode, synced (-f)", d.sftp(d.puts()...)))
	if owned := d.chowns(); len(owned) > 0 {
		commands = append(commands, d.on("what is not root's", allOf(owned)))
	}
	for _, e := range d.executables {
		commands = append(commands, d.here("executables, as far as they stand in "+e.from, d.put(e)))
	}
	return append(commands, d.here("nothing counts before it is proven to have arrived", d.compare(staged)))
}

// declareUsers comes first: an owner has to exist before a file can be his.
func (d delivery) declareUsers() []Command {
	i := slices.IndexFunc(d.files, func(f artifact.File) bool { return path.Base(path.Dir(f.Path)) == "sysusers.d" })
	if i < 0 {
		return nil
	}
	f := d.files[i]
	return []Command{
		d.on("where users are declared", "mkdir -p "+path.Dir(f.Path)),
		d.here("the user that will own files", d.sftp("put -f "+d.local(f)+" "+f.Path, chmod(f, f.Path))),
		d.on("made by its declaration, it is the same on every host", "systemd-sysusers "+f.Path),
	}
}

func (d delivery) makeDirs() []string {
	var out []string
	for _, f := range d.files {
		if f.IsDir() {
			user, group, _ := strings.Cut(f.OwnerOrRoot(), ":")
			out = append(out, fmt.Sprintf("install -d -m %04o -o %s -g %s %s", f.Mode.Perm(), user, group, f.Path))
		}
	}
	return append(out, "install -d -m 0700 "+strings.Join(d.stages(), " "))
}

// stages is the staging directory of every directory that a file will stand in.
func (d delivery) stages() []string {
	var out []string
	for _, e := range d.executables {
		out = append(out, path.Join(e.to, stageDir))
	}
	for _, f := range d.plain() {
		out = append(out, path.Dir(staged(f.Path)))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// plain is every file that is no directory, a key right before its certificate: some servers read both at every handshake.
func (d delivery) plain() []artifact.File {
	files := slices.DeleteFunc(slices.Clone(d.files), artifact.File.IsDir)
	slices.SortStableFunc(files, func(a, b artifact.File) int {
		extA, extB := path.Ext(a.Path), path.Ext(b.Path)
		if stems := strings.Compare(strings.TrimSuffix(a.Path, extA), strings.TrimSuffix(b.Path, extB)); stems != 0 {
			return stems
		}
		return strings.Compare(extB, extA)
	})
	return files
}

func (d delivery) puts() []string {
	var out []string
	for _, f := range d.plain() {
		out = append(out, "put -f "+d.local(f)+" "+staged(f.Path), chmod(f, staged(f.Path)))
	}
	return out
}

func chmod(f artifact.File, there string) string {
	return fmt.Sprintf("chmod %o %s", f.Mode.Perm(), there)
}

func (d delivery) chowns() []string {
	var out []string
	for _, f := range d.plain() {
		if f.OwnerOrRoot() != "root:root" {
			out = append(out, "chown "+f.OwnerOrRoot()+" "+staged(f.Path))
		}
	}
	return out
}

func (d delivery) put(e executables) string {
	there := staged(e.there())
	return lines(
		e.each(`printf 'put -f "%s" %s\nchmod 755 %s\n' "$file" "`+there+`" "`+there+`"`)+" |",
		"  "+d.batch())
}

// there is where $b stands on the host.
func (e executables) there() string { return path.Join(e.to, "$b") }

// each does something for every executable that is there: $b is its name, $file where it stands.
func (e executables) each(do string) string {
	return lines(
		"for b in "+strings.Join(e.names, " ")+"; do",
		"  file="+quote(e.from)+"/$b",
		`  [ ! -e "$file" ] || `+do,
		"done")
}

func (d delivery) commit() []Command {
	var renames []string
	for _, f := range d.plain() {
		renames = append(renames, "rename "+staged(f.Path)+" "+f.Path)
	}
	var settle []string
	for _, e := range d.executables {
		settle = append(settle, fmt.Sprintf("find %s -type f -exec mv -t %s {} +", path.Dir(staged(e.there())), e.to))
	}
	settle = append(settle, "rmdir "+strings.Join(d.stages(), " "), "sync", "systemctl daemon-reload")
	return []Command{
		d.here("into place: each rename is atomic, and a certificate follows its key at once", d.sftp(renames...)),
		d.on("nothing waits any more, all of it is on disk, and systemd reads the units", allOf(settle)),
	}
}
