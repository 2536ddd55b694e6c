"""The nginx example before a hub: the file as it is, but for addresses and the certificate."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.process import HubProcess
from tests.support.certificate import write_certificate
from tests.support.processes import free_port

FILE: Final = Path(__file__).parents[2] / "deploy/nginx/navswap.conf"
NGINX: Final = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
START_S: Final = 10.0

MAIN: Final = """
daemon off; pid {folder}/pid; error_log stderr warn; {user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/navswap.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """Where nginx listens, and its configuration."""

    folder: Path
    plain_port: int
    tls_port: int

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.tls_port}"

    @property
    def command(self) -> list[str]:
        if NGINX is None:
            pytest.skip("nginx is not installed: apt-get install nginx-light")
        return [NGINX, "-c", str(self.folder / "main.conf"), "-p", str(self.folder)]


def written(folder: Path, hub: HubProcess) -> Proxy:
    """Write the certificate and the configuration for this hub."""
    folder.mkdir()
    proxy = Proxy(folder, free_port(), free_port())
    key, certificate = write_certificate(folder, "hub.example.org")
    key.rename(folder / "privkey.pem")
    certificate.rename(folder / "fullchain.pem")
    text = FILE.read_text()
    for pattern, replacement in (
        (r"listen \[::\]:\d+[^;]*;", ""),
        (r"listen 80;", f"listen 127.0.0.1:{proxy.plain_port};"),
        (r"listen 443 ssl;", f"listen 127.0.0.1:{proxy.tls_port} ssl;"),
        (r"/etc/letsencrypt/live/hub\.example\.org/", f"{folder}/"),
        (r"127\.0\.0\.1:8000", f"127.0.0.1:{hub.hub_port}"),
        (r"127\.0\.0\.1:8080", f"127.0.0.1:{hub.rest_port}"),
    ):
        text, count = re.subn(pattern, replacement, text)
        assert count, pattern
    (folder / "navswap.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""  # its workers write below the test's own folder
    (folder / "main.conf").write_text(MAIN.format(folder=folder, user=user))
    return proxy


@asynccontextmanager
async def running(proxy: Proxy) -> AsyncIterator[Proxy]:
    """nginx while the block lasts; ended by its own id."""
    process = await asyncio.create_subprocess_exec(*proxy.command)
    try:
        async with asyncio.timeout(START_S):
            await _listens(proxy.tls_port, process)
        yield proxy
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), START_S)


async def _listens(port: int, process: asyncio.subprocess.Process) -> None:
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)  # nothing tells when another process listens: ask again
        else:
            writer.close()
            return
    raise AssertionError(f"nginx ended with {process.returncode}")
