"""The two sites that are compared: how each is filled, started, signed in to, and which addresses show the same thing."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from cluster import Cluster
from processes import Process, free_port
from visits import Client

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".cache/bench-web"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PER_PAGE = 25


@dataclass
class Place:
    """Where a site keeps its rows: SQLite in its folder, or a database of the cluster."""

    site: str
    rows: int
    cluster: Cluster | None

    @property
    def name(self) -> str:
        return f"{self.site}_{'postgresql' if self.cluster else 'sqlite'}_{self.rows}"

    @property
    def folder(self) -> Path:
        return CACHE / self.name

    def address(self) -> str:
        return self.cluster.address(self.name) if self.cluster else f"sqlite:{self.folder / 'site.db'}"

    def is_filled(self, recipe: str) -> bool:
        stamp = self.folder / "filled"
        return stamp.exists() and stamp.read_text() == recipe

    def empty(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        if self.cluster:
            self.cluster.anew(self.name)


def run(command: list[str], environment: dict[str, str], folder: Path = ROOT) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, cwd=folder, check=False
    )
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def hashed(folder: Path, pattern: str) -> str:
    """Changes when what fills the database changes."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob(pattern)):
        total.update(path.read_bytes())
    return total.hexdigest()


class Site:
    """A started site. `pages` maps what is measured to addresses, filled in by `open`."""

    process: Process
    client: Client
    address: str
    port: int

    def stop(self) -> None:
        self.process.stop()

    def list_pages(self, address: str, rows: int) -> dict[str, list[str]]:
        """The first page; twenty around the middle and the last twenty, so that no cache holds just one of them."""
        last = max(1, rows // PER_PAGE)
        middle = max(1, last // 2)
        some = min(20, middle)
        return {
            "worklist, page 1": [address],
            "worklist, middle page": [f"{address}?page={middle + at}" for at in range(some)],
            "worklist, last page": [f"{address}?page={last - at}" for at in range(some)],
        }


class Django(Site):
    """The same list and statistics, written the guide's way, behind gunicorn with two workers."""

    name = "Django"
    folder = ROOT / "bench/django"
    programs = CACHE / "django-venv/bin"
    static = CACHE / "django-static"
    assets = CACHE / "django-assets"

    @classmethod
    def install(cls) -> None:
        wanted = (cls.folder / "requirements.txt").read_text()
        stamp = cls.programs.parent / "requirements.txt"
        if not stamp.exists() or stamp.read_text() != wanted:
            run(["python3", "-m", "venv", str(cls.programs.parent)], {})
            pip = [
                str(cls.programs / "pip"),
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary",
                ":all:",
            ]
            run([*pip, "--requirement", str(cls.folder / "requirements.txt")], {})
            stamp.write_text(wanted)
        cls.assets.mkdir(exist_ok=True)
        (style,) = (ROOT / "crates/thorax-server/static/vendor").glob("bootstrap-*/bootstrap.min.css")
        lines = [line for line in style.read_text().splitlines() if "sourceMappingURL" not in line]
        (cls.assets / "bootstrap.min.css").write_text("\n".join(lines))
        cls.manage({"BENCH_DATABASE": "sqlite::memory:"}, "collectstatic", "--noinput", "--clear")

    @classmethod
    def manage(cls, environment: dict[str, str], *words: str) -> None:
        places = {"BENCH_STATIC": str(cls.static), "BENCH_ASSETS": str(cls.assets)}
        run([str(cls.programs / "python"), "manage.py", *words], {**places, **environment}, cls.folder)

    @classmethod
    def fill(cls, place: Place) -> None:
        recipe = hashed(cls.folder / "detection", "*.py")
        if not place.is_filled(recipe):
            place.empty()
            environment = {"BENCH_DATABASE": place.address()}
            cls.manage(environment, "migrate", "--verbosity", "0")
            cls.manage(environment, "seed", "--predictions", str(place.rows))
            (place.folder / "filled").write_text(recipe)

    def __init__(self, place: Place):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.rows = place.rows
        environment = {
            "BENCH_DATABASE": place.address(),
            "BENCH_STATIC": str(self.static),
            "BENCH_ASSETS": str(self.assets),
        }
        command = [str(self.programs / "gunicorn"), "--workers", "2", "--worker-class", "gthread", "--threads", "4"]
        command += ["--keep-alive", "75", "--log-level", "warning", "--bind", f"127.0.0.1:{self.port}", "clinic.wsgi"]
        self.process = Process(command, place.folder / "server.log", environment, self.folder)
        self.process.wait_for(self.port, "/login/")
        self.client = Client(self.address)

    def sign_in(self) -> None:
        self.client.page("/login/")
        form = {"csrfmiddlewaretoken": self.client.cookies["csrftoken"], "username": "doctor", "password": "doctor"}
        status, _, _ = self.client.send("POST", "/login/", urlencode(form).encode(), FORM)
        if status != 302:
            raise SystemExit(f"Django: signing in answered {status}")

    def open(self) -> dict[str, list[str]]:
        style = max(self.static.glob("bootstrap.min.*.css"), key=lambda path: len(path.name))
        step = max(1, self.rows // 50)
        return {
            **self.list_pages("/", self.rows),
            "X-ray page": [f"/xrays/{number}/" for number in range(1, self.rows, step)][:50],
            "statistics page, cached": ["/statistics/"],
            "statistics JSON, cached": ["/api/statistics/"],
            "statistics page, cold": ["/cold/statistics/"],
            "statistics JSON, cold": ["/cold/api/statistics/"],
            "static file": [f"/static/{style.relative_to(self.static)}"],
        }

    def forget(self) -> None:
        """Nothing to do: the cold addresses ask no cache."""


class Thorax(Site):
    """`thorax serve` as it is released."""

    name = "Thorax"

    @staticmethod
    def fill(place: Place, program: Path) -> None:
        recipe = "1"
        if not place.is_filled(recipe):
            place.empty()
            words = ["manage", "seed-demo", "--predictions", str(place.rows), "--data", str(place.folder)]
            run([str(program), *words, "--database", place.address()], {})
            (place.folder / "filled").write_text(recipe)

    def __init__(self, place: Place, program: Path, slow_query: int = 10):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.rows = place.rows
        words = [
            "serve",
            "--listen",
            f"127.0.0.1:{self.port}",
            "--data",
            str(place.folder),
            "--database",
            place.address(),
        ]
        words += ["--slow-query", str(slow_query), "--log", "warn", "--demo"]
        self.process = Process([str(program), *words], place.folder / "server.log")
        self.process.wait_for(self.port, "/readyz")
        self.passwords = self.remembered(place.folder / "passwords")
        self.client = Client(self.address)
        self.admin = Client(self.address)

    def remembered(self, kept: Path) -> dict[str, str]:
        """Demo accounts are printed once, when they are made; later runs find them where the first put them."""
        found = dict(re.findall(r"demo account: (\S+) (\S+)", self.process.log.read_text(errors="replace")))
        if found:
            kept.write_text("".join(f"{name} {password}\n" for name, password in found.items()))
        return dict(line.split() for line in kept.read_text().splitlines())

    def sign_in(self) -> None:
        for client, name in [(self.client, "doctor"), (self.admin, "admin")]:
            form = urlencode({"username": name, "password": self.passwords[name], "next": "/"}).encode()
            status, _, _ = client.send("POST", "/login", form, FORM)
            if status != 303:
                raise SystemExit(f"Thorax: signing in answered {status}")

    def open(self) -> dict[str, list[str]]:
        pages = self.list_pages("/worklist", self.rows)
        xrays = []
        for address in pages["worklist, middle page"][:2] + pages["worklist, last page"][:2]:
            xrays += re.findall(r'href="(/xrays/[0-9a-f-]{36})', self.client.page(address))
        style = re.search(r'href="(/static/[^"]*bootstrap[^"]*\.css)"', self.client.page("/worklist"))
        return {
            **pages,
            "X-ray page": list(dict.fromkeys(xrays))[:50],
            "statistics page, cached": ["/statistics"],
            "statistics JSON, cached": ["/api/v1/statistics"],
            "statistics page, cold": ["/statistics"],
            "statistics JSON, cold": ["/api/v1/statistics"],
            "static file": [style.group(1)],
        }

    def forget(self) -> None:
        """The administrator empties the caches."""
        status, _, _ = self.admin.send("POST", "/admin/caches/clear", b"key=", FORM)
        if status != 303:
            raise SystemExit(f"Thorax: clearing the caches answered {status}")

    def slow_queries(self) -> list[str]:
        """Log lines of statements that took longer than ten milliseconds."""
        return [line for line in self.process.log.read_text(errors="replace").splitlines() if "slow" in line.lower()]
