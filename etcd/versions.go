package etcd

import (
	"fmt"

	"hardway/artifact"
)

// The minor versions of etcd 3 that units are rendered for.
const (
	oldestMinor = 5
	newestMinor = 7
)

// versionedFlag is a flag that only some minor versions know by that name.
type versionedFlag struct {
	from, to int
	flag     artifact.Flag
}

// versioned is what differs between minor versions: 3.6 took most of --experimental-* in under plain names or as feature
// gates, 3.7 dropped what was left of them (https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/).
func versioned() []versionedFlag {
	return []versionedFlag{
		// A member compares its data with the others' before it serves.
		{5, 5, artifact.Flag{Name: "experimental-initial-corrupt-check", Value: "true"}},
		{6, 7, artifact.Flag{Name: "feature-gates", Value: "InitialCorruptCheck=true"}},
		// The leader compares all members' data now and then; a difference raises an alarm.
		{5, 5, artifact.Flag{Name: "experimental-corrupt-check-time", Value: "4h"}},
		{6, 7, artifact.Flag{Name: "corrupt-check-time", Value: "4h"}},
		// What kubeadm sets: API servers that serve consistent lists from their cache wait for these notices.
		{5, 5, artifact.Flag{Name: "experimental-watch-progress-notify-interval", Value: "5s"}},
		{6, 7, artifact.Flag{Name: "watch-progress-notify-interval", Value: "5s"}},
		// API servers, etcdctl and hardway all speak 1.3. Not every 3.5 knows the flag.
		{6, 7, artifact.Flag{Name: "tls-min-version", Value: "TLS1.3"}},
	}
}

// versionedFlags is the flags of versioned that a version such as v3.6.16 knows.
func versionedFlags(version string) ([]artifact.Flag, error) {
	var minor int
	if _, err := fmt.Sscanf(version, "v3.%d.", &minor); err != nil || minor < oldestMinor || minor > newestMinor {
		return nil, fmt.Errorf("etcd %q is not supported, use v3.%d to v3.%d", version, oldestMinor, newestMinor)
	}
	var flags []artifact.Flag
	for _, v := range versioned() {
		if v.from <= minor && minor <= v.to {
			flags = append(flags, v.flag)
		}
	}
	return flags, nil
}
