
// Package guardrungate asks the gate before a test starts anything real. The contract is guardrun's docs/gate-contract.md.
//
//	func TestAnswers(t *testing.T) {
//		guardrungate.Gate(t, "KOLU_DAEMON_TESTS") // closed: skips here, with the reason
//		guardrungate.Needs(t, "redis-server")     // missing: fails, never skips
//		…
//	}
//
// Assert, right before a real start, is the leash: it panics when the gate is closed. For TestMain, where there is no test yet:
// if why := guardrungate.WhyClosed("KOLU_DAEMON_TESTS"); why != "" { … do not start … }. Needs only the standard library; where
// /proc cannot be read the gate is closed.
package guardrungate

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

const longest = 4096

var (
	keeperForm = regexp.MustCompile(`^[1-9][0-9]*:[0-9]+$`)
	complain   sync.Once
)

// TB is what is asked of a *testing.T, a *testing.B or a *testing.F; so this file does not import testing.
type TB interface {
	Helper()
	Name() string
	Skip(args ...any)
	Fatal(args ...any)
}

// Gate skips the test when the gate is closed, and fails it where skipping is not allowed.
func Gate(t TB, variable string) {
	t.Helper()
	reason := WhyClosed(variable)
	name := programName() + " > " + t.Name()
	if reason == "" {
		note(variable, "open", "", "")
		note(variable, "ran", name, "")
		return
	}
	note(variable, "closed", name, reason)
	if required() {
		t.Fatal(refusal(variable, reason))
	}
	t.Skip("guardrun: " + reason)
}

// Assert is the leash: it panics when the gate is closed. To be called right before a real start.
func Assert(variable string) {
	if reason := WhyClosed(variable); reason != "" {
		note(variable, "stopped", "", reason)
		panic(refusal(variable, reason))
	}
}

// Needs fails the test when one of these programs is not in PATH.
func Needs(t TB, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			reason := "the test needs " + program + ", which is not in PATH"
			note("", "failed-prerequisite", programName()+" > "+t.Name(), reason)
			t.Fatal("guardrun: " + reason)
		}
	}
}

// WhyClosed tells why the gate is closed; it is empty when the gate is open.
func WhyClosed(variable string) string {
	value, set := os.LookupEnv(variable)
	if !set {
		return variable + " is not set"
	}
	if value != "1" {
		return fmt.Sprintf("%s is %q, and only \"1\" opens it", variable, value)
	}
	if reason := whyNotHeld(); reason != "" {
		return reason
	}
	for _, opened := range strings.Split(os.Getenv("GUARDRUN_OPENED"), ",") {
		if opened == variable {
			return ""
		}
	}
	return variable + " was set inside the run, and this run of guardrun did not open it"
}

// whyNotHeld is empty when the keeper of a live run is among this process's ancestors.
func whyNotHeld() string {
	keeper := os.Getenv("GUARDRUN_KEEPER")
	if !keeperForm.MatchString(keeper) {
		return "no run of guardrun holds this process"
	}
	for walk := 0; walk < 100; walk++ {
		pid := "self"
		for pid != "0" {
			text, err := os.ReadFile("/proc/" + pid + "/stat")
			if err != nil {
				break // It has ended meanwhile; whoever was below it has another parent now.
			}
			// The name may hold anything; what follows its last parenthesis is fields.
			stat := string(text)
			fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
			own, _, _ := strings.Cut(stat, " ")
			if len(fields) < 20 {
				break
			}
			if own+":"+fields[19] == keeper {
				return ""
			}
			pid = fields[1]
		}
		if pid == "0" {
			return "no live run of guardrun holds this process"
		}
	}
	return "/proc does not tell whether a run of guardrun holds this process"
}

type entry struct {
	V      int    `json:"v"`
	Run    string `json:"run"`
	Gate   string `json:"gate"`
	Event  string `json:"event"`
	Test   string `json:"test"`
	Reason string `json:"reason"`
	Pid    int    `json:"pid"`
	Lang   string `json:"lang"`
}

// note appends one line to the ledger, if there is one.
func note(gate, event, test, reason string) {
	path := os.Getenv("GUARDRUN_LEDGER")
	if path == "" {
		return
	}
	line := entry{1, os.Getenv("GUARDRUN_RUN_ID"), gate, event, test, reason, os.Getpid(), "go"}
	text, err := json.Marshal(line)
	for err == nil && len(text)+1 > longest {
		cut := &line.Test
		if len(line.Reason) > len(line.Test) {
			cut = &line.Reason
		}
		*cut = strings.ToValidUTF8((*cut)[:len(*cut)/2], "") + "…"
		text, err = json.Marshal(line)
	}
	file, openErr := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if openErr == nil {
		defer file.Close()
		_, openErr = file.Write(append(text, '\n'))
	}
	if openErr != nil {
		complain.Do(func() { fmt.Fprintf(os.Stderr, "guardrun: cannot write the ledger: %v\n", openErr) })
	}
}

// programName tells packages apart whose tests have the same names: go test names its program after the package.
func programName() string {
	directory, err := os.Getwd()
	if err != nil {
		return filepath.Base(os.Args[0])
	}
	return filepath.Base(directory)
}

func required() bool {
	value := os.Getenv("GUARDRUN_REQUIRE")
	return value != "" && value != "0"
}

func refusal(variable, reason string) string {
	return "guardrun: closed: " + reason + "\nThis starts real processes: run the suite through guardrun, where that is meant to happen. (gate " + variable + ")"
}
