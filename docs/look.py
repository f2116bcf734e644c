"""Look at the built site in Chromium: `make docs`, then `python docs/look.py`.

Every page is opened as wide as a desktop and as a phone, light and dark. What is said
to be wrong: a page wider than its window, a picture that did not load or that is not
there, text with too little contrast, a search that finds nothing.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue

HERE = Path(__file__).parent
BUILT = HERE / "_build"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
THEMES = ("light", "dark")
SEARCHES = ("compile", "cross_entropy", "dropout", "gaussian process")
PATIENCE = 600  # seconds


def installed():
    """The browser's path, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def pages_of(folder):
    """All that are built, by their paths; what the theme keeps for itself is none."""
    paths = (path.relative_to(folder) for path in folder.rglob("*.html"))
    return sorted(path.as_posix() for path in paths if path.parts[0] != "_static")


class Handler(SimpleHTTPRequestHandler):
    """Serves the site, the page that looks at the others, and takes its findings."""

    def __init__(self, *args, found, **settings):
        self.found = found
        super().__init__(*args, **settings)

    def translate_path(self, path):
        own = path.partition("?")[0] == "/look.html"
        return str(HERE / "_ext" / "look.html") if own else super().translate_path(path)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.found.put(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        """Not one line a file."""


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A browser that has seen enough hangs up."""


class Browser:
    """Chromium without a window, and the server of what it shows."""

    def __init__(self, program, folder):
        self.program, self.found = program, Queue()
        handler = partial(Handler, found=self.found, directory=str(folder))
        self.server = Server(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def start(self, profile, query, *options):
        url = f"http://127.0.0.1:{self.server.server_port}/look.html?{query}"
        common = "--headless --no-sandbox --disable-gpu --hide-scrollbars"
        command = [self.program, *common.split(), f"--user-data-dir={profile}"]
        return subprocess.Popen([*command, *options, url], stderr=subprocess.DEVNULL)

    def look(self, pages, size, theme, searches=SEARCHES):
        """What is wrong with pages, and with what is searched for: a list of lines."""
        asked = {"pages": pages, "width": SIZES[size][0], "height": SIZES[size][1]}
        asked |= {"theme": theme, "searches": searches}
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            process = self.start(
                profile, json.dumps(asked), "--remote-debugging-port=0"
            )
            try:
                return self.found.get(timeout=PATIENCE)
            except Empty:
                return [f"no answer within {PATIENCE} s"]
            finally:
                process.terminate()
                process.wait()

    def photograph(self, page, size, theme, file):
        width, height = SIZES[size]
        asked = {"show": page, "width": width, "height": height, "theme": theme}
        options = f"--window-size={width},{height} --virtual-time-budget=5000"
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            shot = f"--screenshot={file}"
            self.start(profile, json.dumps(asked), *options.split(), shot).wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=Path, help="a folder for photographs")
    parser.add_argument("--pages", nargs="+", default=["index.html", "start.html"])
    options = parser.parse_args()
    program = installed()
    if program is None:
        sys.exit(f"none of these browsers is installed: {', '.join(BROWSERS)}")
    pages = pages_of(BUILT)
    if not pages:
        sys.exit("there is no site yet: make docs")
    browser, wrong = Browser(program, BUILT), []
    for size in SIZES:
        for theme in THEMES:
            found = browser.look(pages, size, theme)
            wrong += [f"{size}, {theme}: {line}" for line in found]
            if options.shots:
                options.shots.mkdir(parents=True, exist_ok=True)
                for page in options.pages:
                    name = f"{page.replace('/', '-')}-{size}-{theme}.png"
                    browser.photograph(page, size, theme, options.shots / name)
    print("\n".join(wrong) or f"{len(pages)} pages: nothing is wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
