package manifests

import "hardway/cluster"

// Values is what a values file for the chart kube-prometheus-stack says of this cluster, in the chart's own words:
// https://github.com/prometheus-community/helm-charts/blob/main/charts/kube-prometheus-stack/values.yaml
type Values struct {
	KubeEtcd              ChartComponent `json:"kubeEtcd"`
	KubeControllerManager ChartComponent `json:"kubeControllerManager"`
	KubeScheduler         ChartComponent `json:"kubeScheduler"`
	KubeProxy             ChartComponent `json:"kubeProxy"`
}

// ChartComponent is how the chart scrapes a component that runs in no pod of its own.
type ChartComponent struct {
	Enabled bool `json:"enabled"`
	// Endpoints is the addresses of the hosts that it runs on.
	Endpoints      []string      `json:"endpoints,omitempty"`
	Service        *ChartService `json:"service,omitempty"`
	ServiceMonitor *ChartMonitor `json:"serviceMonitor,omitempty"`
}

// ChartService names the port at the endpoints.
type ChartService struct {
	Enabled    bool `json:"enabled"`
	Port       int  `json:"port"`
	TargetPort int  `json:"targetPort"`
}

// ChartMonitor has the target verified by the cluster's authority. The chart has two ways to say so: https for most, scheme
// with a CA file for etcd. Who asks is Prometheus' own ServiceAccount, which the chart lets read /metrics.
type ChartMonitor struct {
	Enabled            bool   `json:"enabled"`
	HTTPS              *bool  `json:"https,omitempty"`
	Scheme             string `json:"scheme,omitempty"`
	CAFile             string `json:"caFile,omitempty"`
	InsecureSkipVerify *bool  `json:"insecureSkipVerify,omitempty"`
}

// ValuesFor is the values for a cluster. What no proxy reaches is not scraped: of masters that run no pods, etcd and the
// controllers.
func ValuesFor(spec *cluster.Spec) Values {
	var v Values
	into := map[string]struct {
		component *ChartComponent
		monitor   ChartMonitor
	}{
		"etcd":                    {&v.KubeEtcd, ChartMonitor{Enabled: true, Scheme: "https", CAFile: kubeRoot, InsecureSkipVerify: new(false)}},
		"kube-controller-manager": {&v.KubeControllerManager, ChartMonitor{Enabled: true, HTTPS: new(true), InsecureSkipVerify: new(false)}},
		"kube-scheduler":          {&v.KubeScheduler, ChartMonitor{Enabled: true, HTTPS: new(true), InsecureSkipVerify: new(false)}},
		// The chart verifies this one always.
		"kube-proxy": {&v.KubeProxy, ChartMonitor{Enabled: true, HTTPS: new(true)}},
	}
	for _, s := range ScrapedOnes() {
		c, monitor := into[s.Name].component, into[s.Name].monitor
		for _, n := range s.Nodes(spec) {
			c.Endpoints = append(c.Endpoints, n.PrimaryAddress())
		}
		if c.Enabled = len(c.Endpoints) > 0; c.Enabled {
			c.Service, c.ServiceMonitor = &ChartService{true, s.Port, s.Port}, &monitor
		}
	}
	return v
}
