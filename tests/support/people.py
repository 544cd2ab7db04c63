"""Accounts on an api of a test, and browsers that log in: a client that keeps its cookies and knows its CSRF token."""

from dataclasses import dataclass

import httpx

PASSWORD = "three words and more"


@dataclass
class Browser:
    """One browser that is logged in."""

    client: httpx.AsyncClient
    csrf: str

    async def send(self, method: str, path: str, **options: object) -> httpx.Response:
        """Send what a page of the gateway sends."""
        headers = {"X-CSRF-Token": self.csrf, "Sec-Fetch-Site": "same-origin"} | dict(options.pop("headers", {}))
        return await self.client.request(method, path, headers=headers, **options)


async def add_account(api, name: str, role: str = "operator") -> None:
    body = {"name": name, "role": role, "password": PASSWORD}
    answer = await api.send("POST", "/api/v1/accounts", json=body)
    assert answer.status_code == 201, answer.text


async def logged_in(api, name: str, password: str = PASSWORD) -> Browser:
    client = api.client()
    answer = await client.post("/api/v1/session", json={"name": name, "password": password})
    assert answer.status_code == 201, answer.text
    return Browser(client, answer.json()["csrf"])
