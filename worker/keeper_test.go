package worker

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// keeperSteps runs the script in a network of its own, with the real ip and nft: what is printed between two marks is what
// stands there then. Waiting is for as long as it takes, and bounded.
const keeperSteps = `
ip link set lo up
ip link add e0 type veth peer name e1 && ip link set e1 up && ip link set e0 up
ip addr add 192.168.96.49/24 dev e0
seen() { echo "== $1"; ip route show proto 104 | sed 's/ dev.*//'; nft list ruleset | grep masquerade | sed 's/^[[:space:]]*//'; }
until_is() { for _ in $(seq 200); do "$@" && return; sleep 0.1; done; }
routes() { [ "$(ip route show proto 104 | sed 's/ dev.*//; s/ *$//')" = "$1" ]; }
sh "$DIR/keeper" & keeper=$!
until_is routes "10.200.1.0/24 via 192.168.96.50"; until_is nft list table ip hardway >/dev/null 2>&1; seen started
ip route flush proto 104; nft flush ruleset
until_is routes "10.200.1.0/24 via 192.168.96.50"; until_is nft list table ip hardway >/dev/null 2>&1; seen "taken away by others"
echo "route replace 10.200.9.0/24 via 192.168.96.60 proto 104" >"$DIR/pod-routes"; sed -i s/10.200.0.0.24/10.200.5.0\\/24/ "$DIR/pod-masquerade.nft"; kill -HUP $keeper
until_is routes "10.200.9.0/24 via 192.168.96.60"; until_is sh -c 'nft list ruleset | grep -q 10.200.5.0'; seen "told of other files"
rm "$DIR/pod-masquerade.nft"; kill -HUP $keeper
until_is sh -c '! nft list table ip hardway >/dev/null 2>&1'; seen "no pods any more"
kill -TERM $keeper; wait $keeper; echo "exit $?"; seen stopped
`

func TestRoutesAndMasqueradingAreKept(t *testing.T) {
	dir, r := t.TempDir(), newRig(t)
	files := r.files(t, "kworker1")
	for name, path := range map[string]string{"pod-routes": routesPath, "pod-masquerade.nft": masqueradePath, "keeper": keeperPath} {
		text := strings.ReplaceAll(content(t, at(t, files, path)), ownDir, dir)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(text, "sleep 10", "sleep 1", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "sh", "-c", keeperSteps)
	cmd.Env = append(os.Environ(), "DIR="+dir, "PATH="+os.Getenv("PATH")+":/usr/sbin")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: it takes root, ip and nft", err)
	}
	const masquerade = "ip saddr 10.200.0.0/24 ip daddr != 10.200.0.0/16 masquerade fully-random"
	want := []string{
		"== started", "10.200.1.0/24 via 192.168.96.50", masquerade,
		"== taken away by others", "10.200.1.0/24 via 192.168.96.50", masquerade,
		"== told of other files", "10.200.9.0/24 via 192.168.96.60", strings.Replace(masquerade, "10.200.0.0/24", "10.200.5.0/24", 1),
		"== no pods any more", "10.200.9.0/24 via 192.168.96.60",
		"exit 0", "== stopped",
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		got = append(got, strings.TrimSpace(line))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
