package etcd

import (
	"fmt"

	"hardway/cluster"
)

// AlarmSubject is what problems with alarms are about.
const AlarmSubject = "alarm"

// HostAlarm is an alarm and the host of the member that it is raised for; empty for a member that no host has.
type HostAlarm struct {
	Host string
	Alarm
}

// roomy is how full a database may be for its alarm to be taken off: fuller than this it would be raised again soon.
const roomy = QuotaBytes / 10 * 9

// Disarmable is the alarms that may be taken off, or why none may: there is no room yet, or data differs, which no
// disarming mends.
func Disarmable(spec *cluster.Spec, e Evidence) ([]HostAlarm, cluster.Problems) {
	j := newJudgement(spec, e)
	var alarms []HostAlarm
	var problems cluster.Problems
	for _, a := range e.Alarms() {
		host := j.hostOf(a.MemberID)
		alarms = append(alarms, HostAlarm{host, a})
		if a.Kind == Corrupt {
			problems = append(problems, cluster.Problem{
				Host: host, Subject: AlarmSubject, Message: "is raised for data that is not what the others hold: taken off, the member would go on serving it",
				Hint: "hardway etcd replace " + host,
			})
		}
	}
	if len(alarms) == 0 {
		return nil, nil
	}
	for _, m := range j.answers() {
		if m.DBSize > roomy {
			problems = append(problems, cluster.Problem{
				Host: m.Host, Subject: AlarmSubject, Message: fmt.Sprintf("its database has %d of %d bytes that it may have: the alarm would be raised again", m.DBSize, QuotaBytes),
				Hint: "hardway etcd defrag --compact; where that gives nothing back, delete what filled it",
			})
		}
	}
	return alarms, problems
}
