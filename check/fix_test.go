package check_test

import (
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/check"
)

// fixOf is the fix of one host after its facts were edited.
func fixOf(t *testing.T, edits ...func(string, string) string) check.Fix {
	t.Helper()
	fixes := surveyed(t, func(host, facts string) string {
		for _, edit := range edits {
			facts = edit(host, facts)
		}
		return facts
	}).Fixes()
	if len(fixes) != 1 || fixes[0].Host != "kworker1" {
		t.Fatalf("want a fix of kworker1 alone, got %+v", fixes)
	}
	return fixes[0]
}

func lines(t *testing.T, f check.Fix) string {
	t.Helper()
	var all []string
	for _, file := range f.Files {
		text, err := artifact.ReadAll(file.Content)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file.Path+"\n"+string(text))
	}
	for _, c := range f.Commands {
		all = append(all, c.Line())
	}
	return strings.Join(append(all, f.Left...), "\n")
}

func TestHostsThatAreFitNeedNoFix(t *testing.T) {
	if got := surveyed(t, nil).Fixes(); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
}

func TestModulesComeBeforeTheSettingsThatTheyBring(t *testing.T) {
	got := lines(t, fixOf(t, on(t, "kworker1", "module br_netfilter", ""), on(t, "kworker1", "sysctl net/bridge/.*", "")))
	modules, sysctls := strings.Index(got, "systemctl restart systemd-modules-load.service"), strings.Index(got, "systemctl restart systemd-sysctl.service")
	if modules < 0 || sysctls < modules || !strings.Contains(got, "\nbr_netfilter\n") || !strings.Contains(got, "\nnet.bridge.bridge-nf-call-iptables = 1\n") {
		t.Errorf("got %s", got)
	}
}

func TestSwapEndsForGoodWhereMemoryHasRoom(t *testing.T) {
	const unit = `dev-disk-by\x2duuid-1.swap`
	swap := func(used, units string) string {
		return lines(t, fixOf(t, on(t, "kworker1", "", "swap /dev/sda2 partition 99999999 "+used+units)))
	}
	if got := swap("1000", "\nswapunit dev-sda2.swap\nswapunit "+unit); got != `systemctl mask --now 'dev-disk-by\x2duuid-1.swap' dev-sda2.swap` {
		t.Errorf("got %s", got)
	}
	if got := swap("99999999", "\nswapunit dev-sda2.swap"); !strings.Contains(got, "memory are available") || strings.Contains(got, "mask") {
		t.Errorf("it would not fit: %s", got)
	}
	if got := swap("0", ""); !strings.Contains(got, "no unit of systemd") {
		t.Errorf("nobody knows who made it: %s", got)
	}
}

func TestWhatIsWaivedIsNotFixed(t *testing.T) {
	s := surveyed(t, on(t, "kworker1", "", "swap /dev/sda2 partition 9 0\nswapunit dev-sda2.swap"))
	if got := s.Fixes("swap"); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
}
