"""Mosquitto as a broker, and a bare paho client as the operator who listens and commands."""

import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from support.certificates import Authority
from support.ports import free_port, wait_for_port
from support.servers import Account, end, need, program

LOGIN, PASSWORD = "plant", "a secret of the plant"


class Mosquitto:
    """One broker process; `stop`, `kill` and `start` keep its port and, where it persists, its store."""

    def __init__(self, directory: Path, account: Account, *options: str, persistent: bool = True) -> None:
        self.directory = directory
        self.port = free_port()
        self.pid = 0
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None
        store = [f"persistence true\npersistence_location {directory}/\nautosave_interval 1\nautosave_on_changes true"]
        lines = [
            *(store if persistent else []), "log_dest stderr", "log_type error", "log_type warning", "log_type notice",
            "max_queued_messages 0",
            f"listener {self.port} 127.0.0.1", *options,
        ]  # fmt: skip
        self.config = self.file("mosquitto.conf", "\n".join(lines) + "\n")

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    def saved(self, content: bytes) -> bool:
        """Whether the store on disk holds a content."""
        store = self.directory / "mosquitto.db"
        return store.exists() and content in store.read_bytes()

    def file(self, name: str, content: bytes | str) -> Path:
        """Write a file that only the broker may read."""
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o600)
        self._account.own(path)
        return path

    def start(self) -> None:
        command = [program("mosquitto"), "-c", self.config]
        self._process = self._account.start(command, self.directory / "log")
        self.pid = self._process.pid
        wait_for_port(self.port, self._process.poll)

    def stop(self) -> None:
        if self._process is not None:
            end(self._process)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut does, for what it keeps in memory."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)
        self._process = None


@contextmanager
def mosquitto(
    *options: str, persistent: bool = True, files: dict[str, bytes | str] | None = None
) -> Iterator[Mosquitto]:
    """A running broker that lets anybody in unless `options` say otherwise; `{dir}` in them is its directory."""
    need("mosquitto")
    account = Account()
    directory = Path(tempfile.mkdtemp(prefix="heliograph-mqtt-"))
    directory.chmod(0o755)
    account.own(directory)
    wanted = [option.replace("{dir}", str(directory)) for option in options] or ["allow_anonymous true"]
    broker = Mosquitto(directory, account, *wanted, persistent=persistent)
    try:
        for name, content in (files or {}).items():
            broker.file(name, content)
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(directory)


@contextmanager
def tls_mosquitto(
    authority: Authority, *names: str, days: int = 30, clients: Authority | None = None
) -> Iterator[Mosquitto]:
    """A broker behind TLS whose certificate is made out to `names`; `clients` signs those that clients must have."""
    certificate, key = authority.issue(*(names or ("127.0.0.1", "127.0.0.2", "localhost")), days=days)
    options = ["allow_anonymous true", "certfile {dir}/server.pem", "keyfile {dir}/server.key"]
    files: dict[str, bytes | str] = {"server.pem": certificate, "server.key": key}
    if clients is not None:
        options += ["cafile {dir}/clients.pem", "require_certificate true"]
        files["clients.pem"] = clients.pem
    with mosquitto(*options, files=files) as broker:
        yield broker


@contextmanager
def password_mosquitto() -> Iterator[Mosquitto]:
    """A broker that lets in `LOGIN` with `PASSWORD` alone."""
    need("mosquitto", "mosquitto_passwd")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "passwords"
        subprocess.run([str(program("mosquitto_passwd")), "-b", "-c", path, LOGIN, PASSWORD], check=True)
        passwords = path.read_text()
    options = ["allow_anonymous false", "password_file {dir}/passwords"]
    with mosquitto(*options, files={"passwords": passwords}) as broker:
        yield broker


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as the operator received it."""

    topic: str
    payload: bytes
    retained: bool
    time: float


class Operator:
    """A client of the operator: subscribes to everything, remembers what came, publishes."""

    def __init__(self, port: int, *, name: str = "operator", topics: str = "#", login: str = "") -> None:
        self.heard: list[Heard] = []
        self._lock = threading.Lock()
        self._subscribed = threading.Event()
        self._topics = topics
        self._client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=False)
        if login:
            self._client.username_pw_set(login, PASSWORD)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(topics, 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._came
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(60)

    def payloads(self, topic: str) -> list[bytes]:
        """What came on a topic, in order."""
        with self._lock:
            return [heard.payload for heard in self.heard if heard.topic == topic]

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False, qos: int = 1) -> None:
        info = self._client.publish(topic, payload, qos, retain)
        info.wait_for_publish(60)

    def flood(self, topic: str, payloads: Iterable[str], *, qos: int = 1) -> None:
        """Publish as fast as the broker takes them; return when it has all."""
        for info in [self._client.publish(topic, payload, qos) for payload in payloads]:
            info.wait_for_publish(60)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _came(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        with self._lock:
            self.heard.append(Heard(message.topic, message.payload, bool(message.retain), time.monotonic()))


@contextmanager
def operator(port: int, **options: str) -> Iterator[Operator]:
    """An operator that listens until the end of the block."""
    listening = Operator(port, **options)
    try:
        yield listening
    finally:
        listening.close()


def wait_until(holds: Callable[[], object], seconds: float = 60, told: Callable[[], object] = lambda: "") -> None:
    """Return when `holds()`; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not in {seconds} s {told()}"
        time.sleep(0.02)
