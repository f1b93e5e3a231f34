"""The one place that connects to Temporal (engine layer)."""

from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, DataConverter
from temporalio.envconfig import ClientConfig

from lianxi import ids

_ENCODINGS = tuple(PydanticPayloadConverter().converters.values())


class _SharedPydanticConverter(CompositePayloadConverter):
    """`PydanticPayloadConverter` with parts that are made once.

    The SDK makes four payload converters for an activation, and keeps one with each workflow.
    """

    def __init__(self) -> None:
        super().__init__(*_ENCODINGS)


DATA_CONVERTER = DataConverter(payload_converter_class=_SharedPydanticConverter)
"""Bytes as of `temporalio.contrib.pydantic.pydantic_data_converter`."""


async def connect(*, lazy: bool = False, config_file: Path | None = None) -> Client:
    """A client by Temporal's own profiles and TEMPORAL_* variables (`temporalio.envconfig`).

    The namespace is `lianxi` unless a profile or TEMPORAL_NAMESPACE says otherwise. `config_file`
    takes the place of the temporal CLI's own file. `lazy` puts the
    connection off until the first call, which then raises RPCError while the server is away;
    otherwise RuntimeError is raised here.
    """
    config = ClientConfig.load_client_connect_config(
        config_file=str(config_file) if config_file is not None else None
    )
    config.setdefault("target_host", "127.0.0.1:7233")
    config.setdefault("namespace", ids.NAMESPACE)
    return await Client.connect(**config, data_converter=DATA_CONVERTER, lazy=lazy)
