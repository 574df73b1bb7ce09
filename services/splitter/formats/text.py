"""Plain text and the Markdown people put in it."""

from dataclasses import replace

from darkchannel.errors import Refused
from services.splitter.formats import encoding
from services.splitter.formats.draft import Draft
from services.splitter.lines import chapters, front_matter, markdown, printed_contents, printed_pages
from services.splitter.markup import boilerplate


def read(body: bytes) -> Draft:
    """Read a text: chapters at Markdown's first two heading levels and at lines such as "Capítulo XII".

    Raises Refused for bytes that are no text, broken front matter, and a text of white space.
    """
    text = "\f".join("\n".join(page.splitlines()) for page in encoding.decode(body).split("\f"))
    options, text = front_matter.split(text)
    if not text.strip():
        raise Refused("the document holds nothing but white space: there is nothing to speak")
    text = markdown.without_comments(text)
    lines = printed_pages.joined([page.split("\n") for page in text.split("\f")])
    start, end = boilerplate.within_gutenberg(lines)
    lines = printed_contents.left_out(lines[start:end])
    return replace(chapters.draft(list(markdown.paragraphs(lines))), options=options)
