// Attach connects the network namespace of a process to a service, and prints its address:
//
//	attach [-socket PATH] SERVICE PID
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"overlayd.dev/client"
)

func main() {
	log.SetFlags(0)
	socket := flag.String("socket", "", "the daemon's socket, if it is not the usual one")
	flag.Parse()
	pid, err := strconv.ParseUint(flag.Arg(1), 10, 32)
	if flag.NArg() != 2 || err != nil {
		fmt.Fprintln(os.Stderr, "usage: attach [-socket PATH] SERVICE PID")
		os.Exit(2)
	}
	if err := attach(*socket, flag.Arg(0), uint32(pid)); err != nil {
		log.Fatal(err)
	}
}

func attach(socket, service string, pid uint32) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client := overlayd.New(overlayd.Options{Path: socket, Attempts: 1})
	defer client.Close()

	bridge, err := client.SetupServiceOverlay(ctx, &overlayd.SetupServiceOverlay{
		Service: service,
		Mode:    overlayd.OverlayModeAuto,
	})
	if err != nil {
		return err
	}
	answer, err := client.AttachContainer(ctx, &overlayd.AttachContainer{
		Handle:  &overlayd.LinuxPid{Pid: pid},
		Service: service,
	})
	var refused *overlayd.Err
	if errors.As(err, &refused) {
		return fmt.Errorf("process %d can't join %s: %s", pid, service, refused.Message)
	}
	if err != nil {
		return err
	}
	switch answer := answer.(type) {
	case *overlayd.AttachResult:
		fmt.Println(answer.IP, "on", bridge.Name)
	case *overlayd.GuestOverlayConfig:
		fmt.Println(answer.OverlayIP, "for a guest")
	}
	return nil
}
