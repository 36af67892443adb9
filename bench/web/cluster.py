"""A throw-away PostgreSQL cluster on a free port of the loopback address; what was seeded in it is kept between runs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from processes import free_port

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
}


def programs() -> Path:
    """Where initdb and pg_ctl lie: on the PATH, or where Debian puts them."""
    found = shutil.which("pg_ctl")
    if found and shutil.which("initdb"):
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not debian:
        raise SystemExit("PostgreSQL is missing: apt-get install postgresql")
    return debian[-1].parent


def as_user() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError as error:
        raise SystemExit("root may not run PostgreSQL, and there is no user `postgres`") from error
    return ["runuser", "-u", "postgres", "--"]


class Cluster:
    def __init__(self, folder: Path):
        self.folder = folder
        self.port = free_port()
        self.programs = programs()
        self.user = as_user()
        if not (folder / "PG_VERSION").exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            if self.user:
                shutil.chown(folder, "postgres", "postgres")
            self.run(
                "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", str(folder)
            )
        options = [f"-p {self.port}", *(f"-c {name}='{value}'" for name, value in SETTINGS.items())]
        log = str(folder / "server.log")
        self.run("pg_ctl", "start", "-w", "-t", "120", "-D", str(folder), "-l", log, "-o", " ".join(options))

    def run(self, program: str, *words: str) -> None:
        command = [*self.user, str(self.programs / program), *words]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", check=False
        )
        if done.returncode:
            raise SystemExit(f"{program}: {done.stdout.strip()}")

    def sql(self, text: str) -> None:
        self.run(
            "psql", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", text
        )

    def address(self, database: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def anew(self, database: str) -> str:
        """The address of an empty database of that name."""
        self.sql(f'DROP DATABASE IF EXISTS "{database}"')
        self.sql(f'CREATE DATABASE "{database}"')
        return self.address(database)

    def tidy(self) -> None:
        """Now, so that the database does not do it by itself while pages are timed."""
        self.run("vacuumdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "--all", "--analyze", "--quiet")

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-D", str(self.folder), "-m", "fast")
