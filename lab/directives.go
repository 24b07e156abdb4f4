package lab

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// setter takes the value of one directive into a definition.
type setter func(d *definition, value string, specifiers *strings.Replacer) error

// directives is what counts here, by section and name. An empty value takes back what lists have so far.
var directives = map[string]setter{
	"Unit.Description":             text(func(d *definition) *string { return &d.description }),
	"Unit.AssertPathExists":        asserting("AssertPathExists"),
	"Unit.AssertDirectoryNotEmpty": asserting("AssertDirectoryNotEmpty"),
	"Unit.StartLimitIntervalSec":   timespan(func(d *definition) *time.Duration { return &d.startLimitInterval }),
	"Unit.StartLimitBurst":         count(func(d *definition) *int { return &d.startLimitBurst }),

	"Service.Type": oneOf(func(d *definition) *string { return &d.kind },
		"simple", "exec", "notify", "oneshot"),
	"Service.ExecStart":        commandsOf(func(d *definition) *[]execLine { return &d.start }),
	"Service.ExecStartPre":     commandsOf(func(d *definition) *[]execLine { return &d.startPre }),
	"Service.ExecStartPost":    commandsOf(func(d *definition) *[]execLine { return &d.startPost }),
	"Service.ExecReload":       commandsOf(func(d *definition) *[]execLine { return &d.reload }),
	"Service.ExecStop":         commandsOf(func(d *definition) *[]execLine { return &d.stop }),
	"Service.ExecStopPost":     commandsOf(func(d *definition) *[]execLine { return &d.stopPost }),
	"Service.Environment":      setEnvironment,
	"Service.EnvironmentFile":  addEnvironmentFile,
	"Service.User":             text(func(d *definition) *string { return &d.user }),
	"Service.Group":            text(func(d *definition) *string { return &d.group }),
	"Service.WorkingDirectory": text(func(d *definition) *string { return &d.workingDirectory }),
	"Service.Restart": oneOf(func(d *definition) *string { return &d.restart },
		"no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog"),
	"Service.RestartSec":        timespan(func(d *definition) *time.Duration { return &d.restartPause }),
	"Service.TimeoutStartSec":   timeout(func(d *definition) *time.Duration { return &d.timeoutStart }),
	"Service.TimeoutStopSec":    timeout(func(d *definition) *time.Duration { return &d.timeoutStop }),
	"Service.TimeoutSec":        bothTimeouts,
	"Service.RemainAfterExit":   boolean(func(d *definition) *bool { return &d.remainAfterExit }),
	"Service.KillMode":          oneOf(func(d *definition) *string { return &d.killMode }, "control-group", "mixed", "process", "none"),
	"Service.KillSignal":        setKillSignal,
	"Service.SuccessExitStatus": addSuccessCodes,

	"Service.StateDirectory":             directoriesOf("STATE_DIRECTORY", "/var/lib"),
	"Service.RuntimeDirectory":           directoriesOf("RUNTIME_DIRECTORY", "/run"),
	"Service.CacheDirectory":             directoriesOf("CACHE_DIRECTORY", "/var/cache"),
	"Service.LogsDirectory":              directoriesOf("LOGS_DIRECTORY", "/var/log"),
	"Service.ConfigurationDirectory":     directoriesOf("CONFIGURATION_DIRECTORY", "/etc"),
	"Service.StateDirectoryMode":         directoryMode("STATE_DIRECTORY"),
	"Service.RuntimeDirectoryMode":       directoryMode("RUNTIME_DIRECTORY"),
	"Service.CacheDirectoryMode":         directoryMode("CACHE_DIRECTORY"),
	"Service.LogsDirectoryMode":          directoryMode("LOGS_DIRECTORY"),
	"Service.ConfigurationDirectoryMode": directoryMode("CONFIGURATION_DIRECTORY"),

	"Install.WantedBy": listOf(func(d *definition) *[]string { return &d.wantedBy }),
}

// decisive is what decides how a process is started, or which, and is not done here.
var decisive = setOf("RootDirectory", "RootImage", "RootHash", "BindPaths", "BindReadOnlyPaths", "DynamicUser", "PAMName",
	"Sockets", "BusName", "ExecCondition", "PassEnvironment", "UnsetEnvironment", "StandardInput", "StandardInputText",
	"LoadCredential", "SetCredential", "ImportCredential", "SupplementaryGroups", "OpenFile", "NetworkNamespacePath")

// harmless is what bounds or decorates a process that would start the same without it.
var harmless = setOf("NotifyAccess", "GuessMainPID", "UMask", "Nice", "OOMScoreAdjust", "OOMPolicy", "CPUSchedulingPolicy",
	"IOSchedulingClass", "IOSchedulingPriority", "LimitNOFILE", "LimitNPROC", "LimitCORE", "LimitMEMLOCK", "LimitAS",
	"TasksMax", "MemoryMax", "MemoryHigh", "CPUQuota", "CPUWeight", "IOWeight", "Delegate", "Slice", "CPUAccounting",
	"MemoryAccounting", "TasksAccounting", "IOAccounting", "IPAccounting", "NoNewPrivileges", "CapabilityBoundingSet",
	"AmbientCapabilities", "SecureBits", "ProtectSystem", "ProtectHome", "ProtectProc", "ProcSubset", "PrivateTmp",
	"PrivateDevices", "PrivateNetwork", "PrivateUsers", "PrivateMounts", "ProtectHostname", "ProtectClock",
	"ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups", "ReadWritePaths",
	"ReadOnlyPaths", "InaccessiblePaths", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime",
	"RestrictSUIDSGID", "RemoveIPC", "LockPersonality", "MemoryDenyWriteExecute", "SystemCallArchitectures",
	"SystemCallFilter", "SystemCallErrorNumber", "SystemCallLog", "KeyringMode", "StandardOutput", "StandardError",
	"SyslogIdentifier", "SyslogLevel", "LogLevelMax", "LogRateLimitIntervalSec", "LogRateLimitBurst", "WatchdogSec",
	"TimeoutAbortSec", "RuntimeMaxSec", "IgnoreSIGPIPE", "RuntimeDirectoryPreserve", "FinalKillSignal", "SendSIGHUP",
	"RestartKillSignal", "RestartPreventExitStatus", "RestartForceExitStatus", "DevicePolicy", "DeviceAllow", "MountFlags", "PIDFile", "SendSIGKILL")

func setOf(names ...string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

func text(field func(*definition) *string) setter {
	return func(d *definition, value string, specifiers *strings.Replacer) error {
		*field(d) = specifiers.Replace(value)
		return nil
	}
}

// oneOf refuses the start, not the unit, for a value that systemd knows and this host does not.
func oneOf(field func(*definition) *string, known ...string) setter {
	return func(d *definition, value string, _ *strings.Replacer) error {
		*field(d) = value
		if !slices.Contains(known, value) {
			d.refusals = append(d.refusals, fmt.Sprintf("%q is not one of %s", value, strings.Join(known, ", ")))
		}
		return nil
	}
}

func timespan(field func(*definition) *time.Duration) setter {
	return func(d *definition, value string, _ *strings.Replacer) (err error) {
		*field(d), err = parseTimespan(value)
		return err
	}
}

// timeout is a time span of which 0 means none.
func timeout(field func(*definition) *time.Duration) setter {
	return func(d *definition, value string, specifiers *strings.Replacer) error {
		err := timespan(field)(d, value, specifiers)
		if err == nil && *field(d) == 0 {
			*field(d) = forever
		}
		return err
	}
}

func bothTimeouts(d *definition, value string, specifiers *strings.Replacer) error {
	err := timeout(func(d *definition) *time.Duration { return &d.timeoutStop })(d, value, specifiers)
	d.timeoutStart = d.timeoutStop
	return err
}

func count(field func(*definition) *int) setter {
	return func(d *definition, value string, _ *strings.Replacer) (err error) {
		*field(d), err = strconv.Atoi(value)
		return err
	}
}

func boolean(field func(*definition) *bool) setter {
	return func(d *definition, value string, _ *strings.Replacer) error {
		switch strings.ToLower(value) {
		case "1", "yes", "y", "true", "t", "on":
			*field(d) = true
		case "0", "no", "n", "false", "f", "off":
			*field(d) = false
		default:
			return fmt.Errorf("%q is neither yes nor no", value)
		}
		return nil
	}
}

func listOf(field func(*definition) *[]string) setter {
	return func(d *definition, value string, specifiers *strings.Replacer) error {
		if value == "" {
			*field(d) = nil
		}
		*field(d) = append(*field(d), strings.Fields(specifiers.Replace(value))...)
		return nil
	}
}

func commandsOf(field func(*definition) *[]execLine) setter {
	return func(d *definition, value string, specifiers *strings.Replacer) error {
		if value == "" {
			*field(d) = nil
			return nil
		}
		lines, err := parseExec(value)
		for _, line := range lines {
			for i, w := range line.words {
				line.words[i] = specifiers.Replace(w)
			}
		}
		*field(d) = append(*field(d), lines...)
		return err
	}
}

func setEnvironment(d *definition, value string, specifiers *strings.Replacer) error {
	if value == "" {
		d.environment = nil
		return nil
	}
	words, err := splitWords(value)
	for _, w := range words {
		if name, _, ok := strings.Cut(w, "="); !ok || !isName(name) {
			d.remarks = append(d.remarks, fmt.Sprintf("%q in Environment= is no assignment, ignored", name))
			continue
		}
		d.environment = append(d.environment, specifiers.Replace(w))
	}
	return err
}

func addEnvironmentFile(d *definition, value string, specifiers *strings.Replacer) error {
	if value == "" {
		d.environmentFiles = nil
		return nil
	}
	p, optional := strings.CutPrefix(specifiers.Replace(value), "-")
	if !strings.HasPrefix(p, "/") {
		return fmt.Errorf("%q is no absolute path", p)
	}
	d.environmentFiles = append(d.environmentFiles, environmentFile{p, optional})
	return nil
}

// signals is those that services are ended and told things with.
var signals = map[string]syscall.Signal{
	"SIGHUP": syscall.SIGHUP, "SIGINT": syscall.SIGINT, "SIGQUIT": syscall.SIGQUIT, "SIGKILL": syscall.SIGKILL,
	"SIGTERM": syscall.SIGTERM, "SIGUSR1": syscall.SIGUSR1, "SIGUSR2": syscall.SIGUSR2, "SIGWINCH": syscall.SIGWINCH,
	"SIGABRT": syscall.SIGABRT,
}

// signalNamed is a signal by its name or number.
func signalNamed(name string) (syscall.Signal, bool) {
	if s, ok := signals["SIG"+strings.TrimPrefix(name, "SIG")]; ok {
		return s, true
	}
	n, err := strconv.Atoi(name)
	return syscall.Signal(n), err == nil && n > 0 && n < 65
}

func setKillSignal(d *definition, value string, _ *strings.Replacer) error {
	s, ok := signalNamed(value)
	if !ok {
		return fmt.Errorf("%q is no signal", value)
	}
	d.killSignal = s
	return nil
}

// addSuccessCodes takes numbers; names of signals and codes are left out with a remark.
func addSuccessCodes(d *definition, value string, _ *strings.Replacer) error {
	if value == "" {
		d.successCodes = nil
	}
	for _, word := range strings.Fields(value) {
		code, err := strconv.Atoi(word)
		if err != nil {
			d.remarks = append(d.remarks, fmt.Sprintf("%q in SuccessExitStatus= is no number, ignored", word))
			continue
		}
		d.successCodes = append(d.successCodes, code)
	}
	return nil
}

// directory is one that a unit is given, such as StateDirectory=.
type directory struct {
	variable string
	paths    []string
	mode     fs.FileMode
}

func (d *definition) directory(variable string) *directory {
	for i := range d.directories {
		if d.directories[i].variable == variable {
			return &d.directories[i]
		}
	}
	d.directories = append(d.directories, directory{variable: variable, mode: 0o755})
	return &d.directories[len(d.directories)-1]
}

func directoriesOf(variable, parent string) setter {
	return func(d *definition, value string, specifiers *strings.Replacer) error {
		dir := d.directory(variable)
		if value == "" {
			dir.paths = nil
		}
		for _, name := range strings.Fields(specifiers.Replace(value)) {
			if !fs.ValidPath(name) || name == "." {
				return fmt.Errorf("%q is no relative path without \"..\"", name)
			}
			dir.paths = append(dir.paths, parent+"/"+name)
		}
		return nil
	}
}

func directoryMode(variable string) setter {
	return func(d *definition, value string, _ *strings.Replacer) error {
		mode, err := strconv.ParseUint(value, 8, 9)
		d.directory(variable).mode = fs.FileMode(mode)
		return err
	}
}
