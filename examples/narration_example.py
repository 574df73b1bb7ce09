"""Narrate a few texts at once."""

import asyncio

from darkchannel.narration import generate_narration

TEXTS = {
    "bem-vindos.mp3": "Bem-vindos ao curso de navegação.",
    "proxima-aula.mp3": "Na próxima aula, vamos ler uma carta náutica.",
}


async def main() -> None:
    results = await asyncio.gather(*(generate_narration(text, path) for path, text in TEXTS.items()))
    for result in results:
        if result["success"]:
            print(f"{result['audio_path']}: {result['duration']:.1f} s")
        else:
            print(f"not narrated: {result['error']}")


asyncio.run(main())
