package etcd

import (
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// text is an error as evidence.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (m *MemberEvidence) takeStatus(s *clientv3.StatusResponse) {
	m.ID, m.ClusterID, m.Revision = s.Header.MemberId, s.Header.ClusterId, s.Header.Revision
	m.Leader, m.Term, m.Applied = s.Leader, s.RaftTerm, s.RaftAppliedIndex
	m.Index, m.DBInUse = s.RaftIndex, s.DbSizeInUse
	m.DBSize, m.Version, m.Learner = s.DbSize, s.Version, s.IsLearner
	for _, line := range s.Errors {
		if alarm, ok := parseAlarm(line); ok {
			m.Alarms = append(m.Alarms, alarm)
		} else {
			m.StatusErrors = append(m.StatusErrors, line)
		}
	}
}

// parseAlarm reads an alarm as a member's status has it: memberID:10501334649042878790 alarm:NOSPACE.
func parseAlarm(line string) (Alarm, bool) {
	var a Alarm
	n, err := fmt.Sscanf(line, "memberID:%d alarm:%s", &a.MemberID, &a.Kind)
	return a, err == nil && n == 2
}

func (m *MemberEvidence) takeList(list *clientv3.MemberListResponse, err error) {
	if err != nil {
		m.ListError = err.Error()
		return
	}
	for _, l := range list.Members {
		m.Listed = append(m.Listed, ListedMember{
			ID: l.ID, Name: l.Name, PeerURLs: l.PeerURLs, ClientURLs: l.ClientURLs, Learner: l.IsLearner,
		})
	}
}
