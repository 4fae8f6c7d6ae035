package overlayd

import (
	"fmt"
	"hash/fnv"
	"os"
)

// Longest socket path that is used as it is.
const maxSocketPath = 103

// DefaultSocket is where this user's daemon listens: by the data directory, which is
// $ZLAYER_DATA_DIR, or else /var/lib/zlayer for root and ~/.zlayer for others.
func DefaultSocket() string {
	dir := os.Getenv("ZLAYER_DATA_DIR")
	if dir == "" {
		dir = platformDir()
	}
	return SocketIn(dir)
}

// SocketIn is where the daemon of a data directory listens.
func SocketIn(dataDir string) string {
	if dataDir == platformDir() {
		return "/var/run/zlayer-overlayd.sock"
	}
	path := dataDir + "/run/zlayer-overlayd.sock"
	if len(path) <= maxSocketPath {
		return path
	}
	hash := fnv.New64a()
	hash.Write([]byte(dataDir + "overlayd"))
	return fmt.Sprintf("/tmp/zlayer-overlayd-%016x.sock", hash.Sum64())
}

// platformDir is the default data directory, whatever $ZLAYER_DATA_DIR says.
func platformDir() string {
	home, there := os.LookupEnv("HOME")
	if os.Geteuid() == 0 || !there {
		return "/var/lib/zlayer"
	}
	return home + "/.zlayer"
}
