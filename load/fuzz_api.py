"""Schemathesis against the running program: every operation of its own OpenAPI document, with right and wrong values.

    .cache/venv/bin/python load/fuzz_api.py --seconds 60

Starts the program with demo accounts, made-up predictions and the toy bundle in a folder of its own, makes a token for the
administrator, and lets schemathesis look for server errors, undocumented answers, bodies that do not fit, and authentication that is not asked for.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

LOAD = Path(__file__).resolve().parent
ROOT = LOAD.parent
TOY = ROOT / "crates/thorax-server/tests/fixtures/toy"
FORM = "application/x-www-form-urlencoded"


def program() -> Path:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    named = os.environ.get("THORAX_BINARY")
    found = [Path(named)] if named else [target / "debug/thorax", target / "release/thorax"]
    for one in found:
        if one.is_file():
            return one.resolve()
    sys.exit("first: cargo build --package thorax-server")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Site:
    """The program with demo accounts, until the end of a `with`."""

    def __init__(self, folder: Path):
        self.port = free_port()
        self.log = folder / "log"
        kept = ["--data", str(folder / "data")]
        command = [str(program()), "serve", "--demo", "--listen", f"127.0.0.1:{self.port}", *kept]
        environment = {**os.environ, "THORAX_BUNDLE": str(TOY)}
        with self.log.open("wb") as output:
            seed = [str(program()), "manage", "seed-demo", "--predictions", "300", *kept]
            subprocess.run(seed, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=ROOT, check=True)
            self.child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=ROOT)

    def __enter__(self) -> Site:
        end = time.monotonic() + 120
        while time.monotonic() < end and self.child.poll() is None:
            try:
                if len(self.passwords()) == 3 and self.send("GET", "/readyz")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.1)
        self.__exit__()
        sys.exit("the site does not start:\n" + self.log.read_text(errors="replace"))

    def __exit__(self, *_) -> None:
        self.child.terminate()
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def passwords(self) -> dict[str, str]:
        return dict(re.findall(r"demo account: (\S+) (\S+)", self.log.read_text(errors="replace")))

    def asked(self, path: str, token: str):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        return json.load(connection.getresponse())

    def send(self, method: str, path: str, form: list[tuple[str, str]] | None = None, cookie: str = ""):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Origin": self.address, "Sec-Fetch-Site": "same-origin", "Cookie": cookie}
        if form is not None:
            headers["Content-Type"] = FORM
        connection.request(method, path, urlencode(form) if form is not None else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")

    def token(self) -> str:
        """A token with every scope that the administrator may give, made on the account page."""
        sign_in = [("username", "admin"), ("password", self.passwords()["admin"]), ("next", "/")]
        _, headers, _ = self.send("POST", "/login", sign_in)
        cookie = headers["Set-Cookie"].split(";")[0]
        _, _, page = self.send("GET", "/account", cookie=cookie)
        scopes = re.findall(r'name="scope"[^>]*value="([^"]+)"', page)
        wanted = [("name", "fuzz"), ("days", "1"), *(("scope", scope) for scope in scopes)]
        status, _, page = self.send("POST", "/account/tokens", wanted, cookie)
        found = re.search(r"\bthorax_[A-Za-z0-9_-]{20,}", page)
        if not found:
            sys.exit(f"making a token answered {status} and shows none")
        return found.group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="of looking for trouble")
    parser.add_argument("--seed", type=int, default=1, help="of its random choices")
    parser.add_argument("more", nargs="*", help="further words for schemathesis, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Site(Path(folder)) as site:
        token = site.token()
        own = [site.asked("/api/v1/me", token)["user_id"], site.asked("/api/v1/tokens", token)["items"][0]["token_id"]]
        environment = {
            **os.environ,
            "FUZZ_OWN": " ".join(own),
            "SCHEMATHESIS_HOOKS": "fuzz_hooks",
            "PYTHONPATH": str(LOAD),
        }
        command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(LOAD / "schemathesis.toml")]
        command += ["run", f"{site.address}/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}"]
        # One thread: with two CPython 3.11 loses count of its recursion (SystemError) where hypothesis reads a source.
        command += [
            "--max-time",
            str(options.seconds),
            "--workers",
            "1",
            "--rate-limit",
            "auto",
            "--seed",
            str(options.seed),
        ]
        done = subprocess.run([*command, *options.more], cwd=folder, env=environment, check=False).returncode
        if "user_id" not in site.asked("/api/v1/me", token):
            sys.exit("the token was lost on the way: what came after was not tested")
        if "panicked" in (log := site.log.read_text(errors="replace")):
            print(log[-4000:])
            sys.exit("the program panicked")
    sys.exit(done)


if __name__ == "__main__":
    main()
