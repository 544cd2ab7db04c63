"""Debug bundles, looked into."""

import io
import tarfile


def unpacked(content: bytes) -> dict[str, str]:
    """The files by their paths below the bundle's folder."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        members = tar.getmembers()
        texts = {m.name.partition("/")[2]: tar.extractfile(m).read().decode() for m in members}
    assert len(texts) == len(members)
    return texts
