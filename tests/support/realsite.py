"""A site whose main server is a real one, reached directly or through a proxy that cuts the line."""

from dataclasses import dataclass, field, replace

from heliograph.contract import Trigger
from heliograph.formats.config import FileServer, ServerMode
from heliograph.sync.applied import Applied
from heliograph.sync.connection import Visit, Visited
from heliograph.sync.remote import open_store
from support.remote import DiskPeer, Pins
from support.site import Site
from support.syncing import TREE


@dataclass
class RealSite(Site):
    """`connect` reaches the peer; its configuration says `alpha`, whose place the peer takes."""

    peer: DiskPeer = field(kw_only=True)
    tree: str = field(kw_only=True)
    """The tree's name below the peer's root."""
    host: str = ""
    """Where to connect to; empty is the peer's own address."""

    def __post_init__(self) -> None:
        self._pins = Pins()
        for name in TREE:
            self.peer.directory(f"{self.tree}/{name}")
        super().__post_init__()

    def connect(self, number: int | None = None, seconds: float = 900) -> Visited:
        """Make a connection to the peer; time passes for the gateway alone."""
        self.clock.move(seconds)
        assert number is None
        visited = Visit(self.parts, self.applied, self.main, Trigger.SCHEDULE).run()
        self._settle()
        self.free()
        return visited

    @property
    def main(self) -> FileServer:
        server = replace(self.peer.server, number=1, mode=ServerMode.MAIN, root=f"{self.peer.root}/{self.tree}")
        return replace(server, address=self.host) if self.host else server

    def edit(self, path: str, content: bytes, address: str = "alpha") -> None:
        self.peer.put(f"{self.peer.root}/{self.tree}/{path}", content)

    def on(self, address: str = "alpha") -> dict[str, bytes]:
        folders = ("CONFIG", "DEF", "SCRIPT", "CERT")
        return {f"{f}/{name}": c for f in folders for name, c in self.peer.files(self._folder(f)).items()}

    def listed(self) -> dict[str, bytes]:
        """Every file of the tree by its path."""
        return {f"{f}/{name}": c for f in TREE for name, c in self.peer.files(self._folder(f)).items()}

    def _folder(self, name: str) -> str:
        return f"{self.peer.root}/{self.tree}/{name}"

    def _dial(self, server: FileServer, _: Applied):
        return open_store(server, self.peer.access, self._pins)
