"""The one place that connects to Temporal (engine layer)."""

from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig

from lianxi import ids


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
    return await Client.connect(**config, data_converter=pydantic_data_converter, lazy=lazy)
