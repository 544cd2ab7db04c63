"""Two real servers for the demo: SFTP and WebDAV with TLS, each on a directory that a person can open."""

from heliograph.demo.servers.certificates import Authority
from heliograph.demo.servers.sftp import SftpServer, host_key
from heliograph.demo.servers.tree import DIRECTORIES, make_tree
from heliograph.demo.servers.webdav import WebDavServer

__all__ = ["DIRECTORIES", "Authority", "SftpServer", "WebDavServer", "host_key", "make_tree"]
