const socketName = "zlayer-overlayd.sock";

/** Longest socket path that is used as it is, in bytes. */
const maxPathBytes = 103;

/** What the paths depend on. */
export interface User {
  isRoot: boolean;
  dataDir: string | undefined;
  home: string | undefined;
}

/** Of this process. */
export function currentUser(): User {
  return {
    isRoot: process.geteuid?.() === 0,
    dataDir: process.env["ZLAYER_DATA_DIR"],
    home: process.env["HOME"],
  };
}

/** Whatever the environment says of it. */
function ownDataDir(user: User): string {
  return user.isRoot || user.home === undefined ? "/var/lib/zlayer" : `${user.home}/.zlayer`;
}

/** FNV-1a, 64 bits, in hexadecimal. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

/**
 * The daemon's socket for a data directory, which is the user's own if none is given:
 * `/var/run/zlayer-overlayd.sock` for that which is a user's without `$ZLAYER_DATA_DIR`, else
 * `DIR/run/zlayer-overlayd.sock`, or a name under `/tmp` if that is too long for a socket.
 */
export function socketPath(dataDir?: string, user: User = currentUser()): string {
  const dir = dataDir ?? (user.dataDir === "" ? undefined : user.dataDir) ?? ownDataDir(user);
  if (dir === ownDataDir(user)) return `/var/run/${socketName}`;
  const path = `${dir}/run/${socketName}`;
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  return `/tmp/zlayer-overlayd-${fnv1a(`${dir}overlayd`)}.sock`;
}
