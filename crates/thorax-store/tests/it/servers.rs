//! Throw-away servers: one PostgreSQL and one Redis a test run, started when the first test asks. Each is watched by a small shell
//! that waits for the end of this process, however it ends, and then stops the server and removes its files.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Holds the pipe whose end the shell waits for.
pub struct Watched {
    shell: Child,
    pipe: Option<ChildStdin>,
    address: String,
}

impl Watched {
    /// Stops the server and waits until it is gone.
    pub fn stop(&mut self) {
        self.pipe = None;
        self.shell.wait().unwrap();
    }
}

/// Whether a missing server fails the run. It is said loudly either way.
fn missing(what: &str) {
    assert!(
        std::env::var_os("THORAX_TEST_ALL").is_none(),
        "{what} is not installed, and THORAX_TEST_ALL asks for every test"
    );
    eprintln!("\n*** {what} is not installed: its tests are SKIPPED (make test installs it) ***\n");
}

fn on_path(program: &str) -> Option<PathBuf> {
    let found =
        std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|p| p.is_file());
    found.or_else(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let mut found: Vec<PathBuf> =
            versions.flatten().map(|one| one.path().join("bin").join(program)).filter(|path| path.is_file()).collect();
        found.sort();
        found.pop()
    })
}

/// Starts a script that prints `ready ADDRESS` and then waits for the end of its input.
fn watch(script: &str, arguments: &[&std::ffi::OsStr]) -> Watched {
    let mut shell = Command::new("sh")
        .args(["-c", script, "sh"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh starts");
    let pipe = shell.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(shell.stdout.take().expect("a pipe")).lines();
    let address = lines
        .find_map(|line| line.ok()?.strip_prefix("ready ").map(str::to_owned))
        .expect("the server started; see above for what it said");
    Watched { shell, pipe: Some(pipe), address }
}

/// PostgreSQL refuses to run as root, so root becomes `postgres` or `nobody`. No fsync: nothing here outlives the run.
const POSTGRES: &str = r#"
initdb=$1; pg_ctl=$2
set -e
folder=$(mktemp -d "${TMPDIR:-/tmp}/thorax-postgres.XXXXXX")
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid="$user" --regid="$user" --clear-groups "$@"; else "$@"; fi; }
user=postgres; id "$user" >/dev/null 2>&1 || user=nobody
if [ "$(id -u)" = 0 ]; then chown "$user" "$folder"; fi
trap 'cd /; as "$pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
trap '' INT
cd "$folder"
as "$initdb" -D "$folder/data" -U thorax -A trust -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
as "$pg_ctl" -D "$folder/data" -w -l "$folder/data/log" -o "-k $folder -c listen_addresses= -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB" start >/dev/null \
  || { cat "$folder/data/log" >&2; exit 1; }
echo "ready $folder"
cat >/dev/null
"#;

const REDIS: &str = r#"
server=$1
folder=$(mktemp -d "${TMPDIR:-/tmp}/thorax-redis.XXXXXX")
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -rf "$folder"' EXIT
trap '' INT
"$server" --port 0 --unixsocket "$folder/socket" --save "" --appendonly no --dir "$folder" --databases 64 >"$folder/log" 2>&1 &
pid=$!
tries=0
while [ ! -S "$folder/socket" ]; do
  tries=$((tries + 1)); [ $tries -lt 200 ] || { cat "$folder/log" >&2; exit 1; }
  sleep 0.05
done
echo "ready $folder/socket"
cat >/dev/null
"#;

/// Address of a new, empty PostgreSQL database; `None` where PostgreSQL is not installed.
pub async fn postgres() -> Option<String> {
    use sea_orm::{ConnectionTrait as _, Database};
    static SERVER: OnceLock<Option<Watched>> = OnceLock::new();
    static NEXT: Mutex<u32> = Mutex::new(0);
    let server = SERVER.get_or_init(|| {
        let Some((initdb, pg_ctl)) = on_path("initdb").zip(on_path("pg_ctl")) else {
            missing("PostgreSQL");
            return None;
        };
        Some(watch(POSTGRES, &[initdb.as_os_str(), pg_ctl.as_os_str()]))
    });
    let folder = &server.as_ref()?.address;
    let number = {
        let mut next = NEXT.lock().unwrap();
        *next += 1;
        *next
    };
    let address = |name: &str| format!("postgres://thorax@localhost/{name}?host={folder}");
    let root = Database::connect(address("postgres")).await.unwrap();
    root.execute_unprepared(&format!("CREATE DATABASE test{number}")).await.unwrap();
    root.close().await.unwrap();
    Some(address(&format!("test{number}")))
}

/// A Redis server that a test may stop, and its address.
pub fn own_redis() -> Option<(Watched, String)> {
    let Some(program) = on_path("redis-server") else {
        missing("Redis");
        return None;
    };
    let server = watch(REDIS, &[program.as_os_str()]);
    let address = format!("redis+unix://{}", server.address);
    Some((server, address))
}

/// Address of an empty Redis database; `None` where Redis is not installed.
pub fn redis() -> Option<String> {
    static SERVER: OnceLock<Option<Watched>> = OnceLock::new();
    static NEXT: Mutex<u32> = Mutex::new(0);
    let server = SERVER.get_or_init(|| {
        let found = on_path("redis-server");
        if found.is_none() {
            missing("Redis");
        }
        found.map(|program| watch(REDIS, &[program.as_os_str()]))
    });
    let mut next = NEXT.lock().unwrap();
    *next += 1;
    Some(format!("redis+unix://{}?db={}", server.as_ref()?.address, *next))
}
