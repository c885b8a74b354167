"""A real PostgreSQL of Debian's package, in a temporary folder, on a free port."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

PASSWORD = "marker-of-the-database"


def binaries():
    """The folder of the newest installed server, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if found:
        return found[-1].parent
    there = shutil.which("pg_ctl")
    return Path(there).resolve().parent if there else None


def missing():
    """Why there can be none here; empty where there can."""
    if binaries() is None:
        return "postgresql is not installed"
    if os.name == "nt" or (os.geteuid() == 0 and not _account()):
        return "postgresql does not run as root, and there is no account postgres"
    return ""


def _account():
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return None


class Server:
    """Start, stop and start it again; ``url(name)`` makes a database and says where it is."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.port = _free_port()
        self._made = 0
        (self.folder / "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            account = _account()
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            os.chown(self.folder / "password", account.pw_uid, account.pw_gid)
        self._run(
            "initdb",
            "--no-sync",
            "--auth=scram-sha-256",
            "--username=bot",
            f"--pwfile={self.folder / 'password'}",
            f"--pgdata={self.data}",
        )

    @property
    def data(self):
        return self.folder / "data"

    def start(self):
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
            " -c fsync=off -c full_page_writes=off -c max_connections=40"
        )
        log = self.folder / "log"
        self._run("pg_ctl", "start", "-w", "-D", str(self.data), "-l", str(log), "-o", options)

    def stop(self):
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.data))

    def close(self):
        if (self.data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self):
        """A database that nobody else uses."""
        self._made += 1
        name = f"history{self._made}"
        self._run(
            "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bot", name,
            PGPASSWORD=PASSWORD,
        )  # fmt: skip
        return f"postgresql://bot:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def _run(self, program, *arguments, **environment):
        command = [str(binaries() / program), *arguments]
        more = {}
        if os.geteuid() == 0:
            account = _account()
            more = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        with (self.folder / "errors").open("w") as errors:
            done = self._done(command, environment, errors, more)
        assert done == 0, (program, (self.folder / "errors").read_text())

    def _done(self, command, environment, errors, more):
        done = subprocess.run(
            command,
            env={**os.environ, "LC_ALL": "C", **environment},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            check=False,
            timeout=60,
            **more,
        )
        return done.returncode


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
