"""A job of your own in DarkChannel's buckets: chunks up, finished audio out. Run it beside .env."""

import tempfile
import wave
from pathlib import Path

from darkchannel.minio import JobManager, MinIOClient, format_size, get_s3_url, parse_s3_url

TEXTS = ("Era uma vez um farol.", "Ninguém mais o acendia.")


def silence(path: Path, seconds: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(bytes(2 * 24_000 * seconds))
    return path


def main() -> None:
    with MinIOClient() as client, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = JobManager(client)
        job = jobs.create_job("Capítulo 1: O farol", " ".join(TEXTS))
        print("job", job)

        for index, _ in enumerate(TEXTS):
            jobs.upload_chunk(job, index, silence(folder / f"{index}.wav", seconds=index + 1))
        for chunk in jobs.list_chunks(job):
            print("chunk", chunk["key"], format_size(chunk["size"]))

        jobs.upload_final_audio(job, silence(folder / "final.wav", seconds=3))
        jobs.update_job_status(job, "completed")
        print("chunks completed:", jobs.get_job_metadata(job)["chunks"]["completed"])
        print("link", jobs.generate_download_url(job))

        copy = jobs.copy_to_output(job)
        url = get_s3_url("darkchannel-output", copy)
        print("copy", url)
        client.download_file(*parse_s3_url(url), folder / "heard.wav")
        print("downloaded", format_size((folder / "heard.wav").stat().st_size))


if __name__ == "__main__":
    main()
