"""What the description promises holds for every operation, for what fits it and for what does not."""

import asyncio
import os

import pytest


@pytest.mark.long
async def test_every_operation_answers_as_described(api, commands):
    """SCHEMA_EXAMPLES=25 tries more of each."""
    from support.tried import try_all

    examples = int(os.environ.get("SCHEMA_EXAMPLES", "1"))
    description = (await api.get("/api/v1/openapi.json")).json()
    count = sum(len(item) for item in description["paths"].values())
    labels = await asyncio.to_thread(try_all, description, api.url, api.bearer, examples)
    assert len(labels) == count - 1
