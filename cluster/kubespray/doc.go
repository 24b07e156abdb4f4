// Package kubespray takes over an Ansible inventory as kubespray reads it: its hosts, groups and variables, in YAML or
// INI, with the group_vars and host_vars beside it. It evaluates no template and opens no vault; what the spec has no
// place for it names.
package kubespray
