package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// meter reads how much CPU time, user and system, something has used so far. Its resolution is a clock tick,
// which Linux gives as 10 ms.
type meter func() (time.Duration, error)

const tick = 10 * time.Millisecond

// reading is the CPU time of the measured processes, of this one, and of all there are.
type reading struct{ server, own, machine time.Duration }

func readMeters(server meter) (r reading, err error) {
	if r.machine, err = machineCPU(); err != nil {
		return r, err
	}
	if r.own, err = ownCPU(); err != nil || server == nil {
		return r, err
	}
	r.server, err = server()
	return r, err
}

// minus is what was used between two readings.
func (r reading) minus(before reading) reading {
	return reading{r.server - before.server, r.own - before.own, r.machine - before.machine}
}

// others is the share of the cores that everything else used during a time.
func (r reading) others(elapsed time.Duration) float64 {
	cores := elapsed * time.Duration(runtime.NumCPU())
	return max(0, (r.machine-r.own-r.server).Seconds()/cores.Seconds())
}

// machineCPU is the time that all processes have used, and that the host of a virtual machine took, without that of interrupts.
func machineCPU() (time.Duration, error) {
	all, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of the machine: %w", err)
	}
	var user, nice, system, idle, wait, hard, soft, steal int64
	_, err = fmt.Sscanf(string(all), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &wait, &hard, &soft, &steal)
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of the machine: %w", err)
	}
	return time.Duration(user+nice+system+steal) * tick, nil
}

func ownCPU() (time.Duration, error) {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0, fmt.Errorf("read the CPU time of this process: %w", err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano()), nil
}

// processCPU reads one process, with all its threads.
func processCPU(pid int) meter {
	return func() (time.Duration, error) {
		s, err := readStat(strconv.Itoa(pid))
		return s.used, err
	}
}

// familyCPU reads a process, its children, and the children that it has had.
func familyCPU(parent int) meter {
	return func() (time.Duration, error) {
		top, err := readStat(strconv.Itoa(parent))
		if err != nil {
			return 0, err
		}
		sum := top.used + top.reaped
		processes, err := filepath.Glob("/proc/[0-9]*")
		if err != nil {
			return 0, fmt.Errorf("list processes: %w", err)
		}
		for _, path := range processes {
			switch s, err := readStat(filepath.Base(path)); {
			case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH): // it has just ended
			case err != nil:
				return 0, err
			case s.parent == parent:
				sum += s.used
			}
		}
		return sum, nil
	}
}

// together adds meters up.
func together(meters ...meter) meter {
	return func() (sum time.Duration, err error) {
		for _, m := range meters {
			used, err := m()
			if err != nil {
				return 0, err
			}
			sum += used
		}
		return sum, nil
	}
}

// stat is part of /proc/PID/stat, see proc(5).
type stat struct {
	parent       int
	used, reaped time.Duration // reaped is that of children that have ended
}

func readStat(pid string) (stat, error) {
	line, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return stat{}, fmt.Errorf("read the CPU time of process %s: %w", pid, err)
	}
	s, err := parseStat(line)
	if err != nil {
		return stat{}, fmt.Errorf("read the CPU time of process %s: %w", pid, err)
	}
	return s, nil
}

// parseStat takes a line of which the second field, the name, may hold blanks and brackets.
func parseStat(line []byte) (stat, error) {
	fields := strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("%d fields after the name", len(fields))
	}
	var n [15]int64
	var err error
	for _, i := range []int{1, 11, 12, 13, 14} { // ppid, utime, stime, cutime, cstime
		if n[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return stat{}, fmt.Errorf("field %d after the name: %w", i, err)
		}
	}
	return stat{
		parent: int(n[1]),
		used:   time.Duration(n[11]+n[12]) * tick,
		reaped: time.Duration(n[13]+n[14]) * tick,
	}, nil
}
