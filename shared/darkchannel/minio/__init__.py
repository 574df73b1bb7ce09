"""The object store for scripts: synchronous, over the same store code as the services.

Addresses and keys come from the environment, or from ``.env``: ``MINIO_ENDPOINT``, ``MINIO_ACCESS_KEY`` and
``MINIO_SECRET_KEY``, else ``MINIO_ROOT_USER`` and ``MINIO_ROOT_PASSWORD``. Without an endpoint the objects lie in a
folder, ``DARKCHANNEL_FOLDER``.
"""

from darkchannel.minio.client import MinIOClient
from darkchannel.minio.jobs import JobManager
from darkchannel.minio.utils import format_size, generate_job_id, get_s3_url, parse_s3_url, sanitize_filename

__all__ = [
    "JobManager",
    "MinIOClient",
    "format_size",
    "generate_job_id",
    "get_s3_url",
    "parse_s3_url",
    "sanitize_filename",
]
