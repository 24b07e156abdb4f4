package lab

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// FuzzUnit reads any text as a unit and looks at what would be started: never a panic, never a program or a path outside
// the host's folder, and the same for the same text.
func FuzzUnit(f *testing.F) {
	f.Add(memberUnit("h1", "127.0.0.1", "h1=http://127.0.0.1:2380"))
	f.Add("[Service]\nExecStart=/usr/local/bin/x /../../etc/passwd --a=/b,/c/../../d unix:///run/s\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDefinition("x.service", "h1", []source{{"x.service", []byte(text)}})
		if err != nil {
			return
		}
		const folder = "/lab/h1/root"
		m := mapping{dir: folder}
		for _, line := range slices.Concat(d.start, d.startPre, d.startPost, d.reload, d.stop, d.stopPost) {
			if p := m.path(line.program()); !within(folder, p) {
				t.Errorf("program %q would be %q", line.program(), p)
			}
			arguments := line.arguments(d.environment)
			if again := line.arguments(d.environment); !slices.Equal(arguments, again) {
				t.Errorf("arguments differ: %q, %q", arguments, again)
			}
			for i, mapped := range m.words(arguments) {
				checkWord(t, folder, arguments[i], mapped)
			}
		}
		for _, dir := range d.directories {
			for _, p := range dir.paths {
				if p != path.Clean(p) || !path.IsAbs(p) {
					t.Errorf("directory %q", p)
				}
			}
		}
	})
}

// checkWord: whatever in an argument is an absolute path of its own leads into the folder or is a device.
func checkWord(t *testing.T, folder, word, mapped string) {
	t.Helper()
	if flag, _, _ := strings.Cut(word, "="); slices.Contains(urlPaths, flag) {
		return
	}
	for _, item := range strings.Split(mapped, ",") {
		if path.IsAbs(item) && !slices.Contains(devices, item) && !within(folder, item) {
			t.Errorf("%q would be passed as %q", word, mapped)
		}
	}
}

func within(folder, p string) bool {
	clean := path.Clean(p)
	return clean == folder || strings.HasPrefix(clean, folder+"/")
}
