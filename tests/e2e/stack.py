"""A compose stack of its own: another project name, free ports, fresh secrets; gone with its volumes afterwards."""

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config

from tests.servers import MINIO_VERSION, minio_image

ROOT = Path(__file__).parents[2]
START_SECONDS = 240
REPLICAS = 3


@dataclass
class OmniPlay:
    """A receiver of handoffs and webhooks that accepts each and remembers it."""

    port: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)
    heard: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, path: str, count: int, seconds: float) -> list[dict[str, Any]]:
        """What came to a path, once that is so much."""

        def there() -> list[dict[str, Any]]:
            return [post for post in self.posts if post["path"] == path]

        with self.heard:
            assert self.heard.wait_for(lambda: len(there()) >= count, seconds), f"{len(there())} posts came to {path}"
            return there()


@contextmanager
def omniplay() -> Iterator[OmniPlay]:
    stub = OmniPlay()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps({"ticket_id": 1, "status": "pending"}).encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            with stub.heard:
                stub.posts.append({"path": self.path, "headers": dict(self.headers), "body": body})
                stub.heard.notify_all()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("0.0.0.0", 0), Handler) as server:  # containers come from the bridge
        stub.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Stack:
    project: str
    env_file: Path
    omniplay: OmniPlay

    @property
    def env(self) -> dict[str, str]:
        lines = (line.partition("=") for line in self.env_file.read_text().splitlines())
        return {name: value for name, _, value in lines}

    @property
    def administrator(self) -> str:
        return self.env["MINIO_ROOT_USER"]

    @property
    def hook(self) -> str:
        """A webhook's address, as containers reach it."""
        return f"http://host.docker.internal:{self.omniplay.port}/hook"

    def compose(self, *args: str, timeout: float = 120) -> str:
        """Run docker compose on this stack and return what it printed."""
        command = ["docker", "compose", "--project-name", self.project, "--env-file", str(self.env_file), *args]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"{' '.join(args)}: {done.stderr[-3000:]}"
        return done.stdout

    def up(self) -> None:
        self.compose(
            "up", "--detach", "--wait", "--wait-timeout", str(START_SECONDS), "--scale", f"synthesizer={REPLICAS}",
            timeout=START_SECONDS + 60,
        )  # fmt: skip

    def containers(self, *services: str) -> list[str]:
        """Ids of the containers of services, stopped ones too."""
        return self.compose("ps", "--all", "--quiet", *services).split()

    def s3(self, user: str) -> Any:
        """A boto3 client of one of the users: darkchannel-operator, darkchannel-splitter, ..., or the administrator."""
        name = user.removeprefix("darkchannel-").upper().replace("-", "_")
        names = {"OPERATOR": "MINIO_SECRET_KEY", self.administrator.upper(): "MINIO_ROOT_PASSWORD"}
        secret = self.env[names.get(name, f"MINIO_{name}_SECRET_KEY")]
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.env['MINIO_PORT']}",
            aws_access_key_id=user,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 2}),
        )


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """Build the images, start everything with three synthesizers, and take it down again."""
    env_file = folder / ".env"
    with omniplay() as stub:
        env_file.write_text(
            "".join(f"{name}={_free_port()}\n" for name in _PORTS)
            + f"OMNIPLAY_API_URL=http://host.docker.internal:{stub.port}\n"
            + f"WEBHOOK_ALLOWED_HOSTS=host.docker.internal:{stub.port}\n"
            + f"MINIO_VERSION={MINIO_VERSION}\n"
            + "VOICE_AI_SERVICE_TOKEN=token-of-the-tests\nOMNIPLAY_WEBHOOK_SECRET=secret-of-the-tests\n"
        )
        subprocess.run([ROOT / "infra/env.sh", env_file], check=True, capture_output=True, timeout=20)
        running = Stack(f"dc-e2e-{uuid4().hex[:8]}", env_file, stub)
        try:
            minio_image()  # under the name that compose knows it by: built once for all tests
            running.compose("build", "setup", timeout=1200)
            running.up()
            yield running
        except BaseException:
            print(running.compose("logs", "--tail", "40"))
            raise
        finally:
            running.compose("down", "--volumes", "--timeout", "5")


_PORTS = ("MINIO_PORT", "MINIO_CONSOLE_PORT", "RABBITMQ_MANAGEMENT_PORT")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
