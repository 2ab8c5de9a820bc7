"""The files of one Dropbox: folders and files of the world, whatever was written over them, and the journal of both.

A natural file is made from its index when asked for; folders, and what was written or moved, are kept. Every week a
sprint folder appears, and the one of two weeks before goes with all that is in it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from sandbox import people
from sandbox.world import DAY_MS, World, mix, number_of, share

ROOT = 0
SPRINTS = 0x20_0000  # keys of nodes: folders below, then sprints, then natural files, then what was written
FILES = 0x40_0000
WRITTEN = 0x800_0000
WEEK_MS = 7 * DAY_MS
HOUR_MS = 3_600_000
TOP = ("Marketing", "Finance", "Verträge", "Fotos & Videos")
STEMS = (("Report", "pdf"), ("Rechnung für Müller", "pdf"), ("Budget", "xlsx"), ("議事録", "docx"), ("Draft", "txt"))
MEAN_SIZE = 2_500_000
_NUMBERED = re.compile(r".* (\d+)\.\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One file or folder. Instants in milliseconds since the epoch; `serial` parts the revisions of one instant."""

    key: int
    parent: int
    name: str
    folder: bool = False
    modified: int = 0
    client: int = 0
    serial: int = 0
    size: int = 0
    content_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of the journal: this node is there, as it is now; or what stood at the path `gone` is no more."""

    key: int
    gone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departed:
    """What stood at a path until `at`."""

    path: str
    at: int
    key: int


class FileInTheWay(Exception):
    """A file stands where a folder is needed."""


class Tree:
    """Paths begin with a slash and have no trailing one; the root is the empty path. Looked up in lower case."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.began = world.start_ms
        self._seed = (world.seed, number_of("dropbox"))
        self._files = world.population(
            "dropbox files", per_person=3, least=12, births=0.01, changes=0.015, deaths=0.003
        )
        self._kept: dict[int, Node] = {}
        self._named: dict[tuple[int, str], int] = {}
        self._removed: set[int] = set()
        self._past: dict[int, list[Node]] = {}
        self._folder_paths: dict[int, str | None] = {}
        self._written: list[int] = []
        self._seen = 0
        self._serial = 0
        self._bases = max(6, world.scale // 20)
        self._week = 1
        self.journal: list[Happening] = []
        self.last: dict[int, int] = {}
        self.departed: dict[str, Departed] = {}
        for number in range(self._bases):
            self._keep(self._base_folder(number))
        for week in (-1, 0):
            self._keep(self._sprint(week))
        self._folders = sorted(self._kept)

    # What is there

    def settle(self) -> None:
        """Lets happen what the clock has brought since the last time, in its order."""
        now = self._world.clock.ms()
        due: list[tuple[int, int, int]] = self._files.happened(self._seen)
        self._seen += len(due)
        weekly = []
        while (begin := self._sprint_begin(self._week)) <= now:
            weekly += [(begin, 3, self._week), (begin + HOUR_MS, 4, self._week - 2)]
            self._week += 1
        for at, what, number in sorted([*due, *weekly]) if weekly else due:
            self._happen(at, what, number)

    def node(self, key: int) -> Node | None:
        """The node of this key, whether or not the folders above it still stand."""
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        if not FILES <= key < WRITTEN or key in self._removed:
            return None
        life = self._files.life(key - FILES)
        if life is None or life.deleted is not None:
            return None
        parent, name = self._place(life.index, life.created)
        bits = mix(*self._seed, life.index, life.version)
        return Node(
            key=key,
            parent=parent,
            name=name,
            modified=life.changed,
            client=life.changed,
            serial=life.version,
            size=200 + bits % (2 * MEAN_SIZE),
            content_hash=sha256(bits.to_bytes(8, "big")).hexdigest(),
        )

    def path(self, node: Node) -> str | None:
        """Where it stands, as displayed; None where a folder above it is gone."""
        above = self._folder_path(node.parent)
        return None if above is None else f"{above}/{node.name}"

    def at(self, path: str) -> Node | None:
        """What stands at this path (any case); None for nothing, and for the root."""
        found: Node | None = None
        parent = ROOT
        for step in path.lower().split("/")[1:]:
            if found is not None and not found.folder:
                return None
            found = self._child(parent, step)
            if found is None:
                return None
            parent = found.key
        return found

    def walk(self, after: int) -> Iterator[Node]:
        """Everything that stands, folders first, from the key after this one."""
        for key in self._keys(after):
            node = self.node(key)
            if node is not None and self.path(node) is not None:
                yield node

    def revisions(self, key: int) -> list[Node]:
        """The file as it is or last was, and as it was before, newest first."""
        current = self.node(key)
        past = self._past.get(key, [])
        if FILES <= key < WRITTEN and not past and current is not None:
            life = self._files.life(key - FILES)
            if life is not None and life.changed > life.created:
                first = replace(current, modified=life.created, client=life.created, serial=0, size=199)
                past = [replace(first, content_hash=sha256(first.name.encode()).hexdigest())]
        return ([current] if current is not None else []) + past[::-1]

    def bytes_used(self) -> int:
        written = sum(node.size for node in self._kept.values())
        return written + MEAN_SIZE * (self._files.size - len(self._files.deleted()))

    # What is written

    def ensure_folder(self, path: str) -> int:
        """The key of the folder at this path, made with all above it. Raises FileInTheWay."""
        parent, walked = ROOT, ""
        for step in path.split("/")[1:]:
            walked = f"{walked}/{step}"
            found = self._child(parent, step.lower())
            if found is None:
                found = self._told(Node(key=self._new_key(), parent=parent, name=step, folder=True), walked)
            elif not found.folder:
                raise FileInTheWay(walked)
            parent = found.key
        return parent

    def save(self, path: str, *, size: int, content_hash: str, client: int | None, over: Node | None) -> Node:
        """A file with this content at this path: a new one, or the next revision of `over`. Raises FileInTheWay."""
        above, _, name = path.rpartition("/")
        now = self._world.clock.ms()
        self._serial += 1
        if over is not None:
            self._past.setdefault(over.key, self.revisions(over.key)[:0:-1]).append(over)
        node = Node(
            key=over.key if over else self._new_key(),
            parent=over.parent if over else self.ensure_folder(above),
            name=over.name if over else name,
            modified=now,
            client=client if client is not None else now,
            serial=self._serial,
            size=size,
            content_hash=content_hash,
        )
        return self._told(node, path)

    def delete(self, node: Node) -> None:
        path = self.path(node) or ""
        if not node.folder:
            self._past.setdefault(node.key, self.revisions(node.key)[:0:-1]).append(node)
        self._forget(node)
        self._tell_gone(node.key, path, self._world.clock.ms())

    def move(self, node: Node, path: str) -> Node:
        """Moves a file, or a folder with all that is in it. Raises FileInTheWay."""
        above, _, name = path.rpartition("/")
        before = self.path(node) or ""
        inside = [one for one in self.walk(ROOT) if node.folder and self._is_below(one, node.key)]
        parent = self.ensure_folder(above)
        now = self._world.clock.ms()
        self._serial += 1
        self._forget(node)
        self._tell_gone(node.key, before, now)
        moved = replace(node, parent=parent, name=name, modified=now if not node.folder else 0, serial=self._serial)
        self._told(moved, path)
        for one in inside:
            self._tell(one.key)
        return moved

    # How it is kept

    def _happen(self, at: int, what: int, number: int) -> None:
        if what >= 3:
            sprint = self._sprint(number)
            if what == 3:
                self._folders.append(sprint.key)
                self._told(sprint, f"/{sprint.name}")
            elif sprint.key in self._kept:
                standing = self._kept[sprint.key]
                path = self.path(standing)
                self._forget(standing)
                if path is not None:
                    self._tell_gone(sprint.key, path, at)
            return
        key = FILES + number
        life = self._files.life(number)
        if key in self._kept or key in self._removed or life is None:
            return
        parent, name = self._place(number, life.created)
        above = self._folder_path(parent)
        if above is None:
            return
        if what == 2:
            self._tell_gone(key, f"{above}/{name}", at)
        else:
            self._tell(key)

    def _keys(self, after: int) -> Iterator[int]:
        yield from self._folders[bisect_right(self._folders, after) :]
        yield from range(max(FILES, after + 1), FILES + self._files.size)
        yield from self._written[bisect_right(self._written, after) :]

    def _folder_path(self, key: int) -> str | None:
        if key == ROOT:
            return ""
        if key not in self._folder_paths:
            folder = self._kept.get(key)
            self._folder_paths[key] = self.path(folder) if folder is not None else None
        return self._folder_paths[key]

    def _child(self, parent: int, name: str) -> Node | None:
        if (parent, name) in self._named:
            return self._kept[self._named[parent, name]]
        numbered = _NUMBERED.fullmatch(name)
        if numbered is None or FILES + int(numbered[1]) in self._kept:
            return None
        node = self.node(FILES + int(numbered[1]))
        return node if node is not None and (node.parent, node.name.lower()) == (parent, name) else None

    def _is_below(self, node: Node, key: int) -> bool:
        while node.parent not in (ROOT, key):
            node = self._kept[node.parent]
        return node.parent == key

    def _keep(self, node: Node) -> None:
        self._kept[node.key] = node
        self._named[node.parent, node.name.lower()] = node.key
        self._removed.discard(node.key)
        if node.folder:
            self._folder_paths.clear()

    def _forget(self, node: Node) -> None:
        self._kept.pop(node.key, None)
        self._named.pop((node.parent, node.name.lower()), None)
        self._removed.add(node.key)
        if node.folder:
            self._folder_paths.clear()

    def _told(self, node: Node, path: str) -> Node:
        self._keep(node)
        self.departed.pop(path.lower(), None)
        self._tell(node.key)
        return node

    def _tell(self, key: int) -> None:
        self.last[key] = len(self.journal)
        self.journal.append(Happening(key=key))

    def _tell_gone(self, key: int, path: str, at: int) -> None:
        self.departed[path.lower()] = Departed(path=path, at=at, key=key)
        self.journal.append(Happening(key=key, gone=path))

    def _new_key(self) -> int:
        self._written.append(WRITTEN + len(self._written))
        return self._written[-1]

    # What the world holds

    def _base_folder(self, number: int) -> Node:
        top = number < len(TOP)
        name = TOP[number] if top else people.company(self._world, number).name
        parent = ROOT if top else 1 + mix(*self._seed, number, 1) % number
        return Node(key=1 + number, parent=parent, name=name, folder=True)

    def _sprint(self, week: int) -> Node:
        return Node(key=SPRINTS + 1 + week, parent=ROOT, name=f"Sprint {week + 2}", folder=True)

    def _sprint_begin(self, week: int) -> int:
        return self._world.start_ms + week * WEEK_MS - 4 * HOUR_MS

    def _place(self, index: int, created: int) -> tuple[int, str]:
        """The folder of a natural file and its name, which is in no other folder."""
        stem, kind = STEMS[mix(*self._seed, index, 2) % len(STEMS)]
        name = f"{stem} {index}.{kind}"
        week = (created - self._sprint_begin(0)) // WEEK_MS
        pick = share(*self._seed, index, 3)
        if week >= -1 and pick < 0.3:
            return SPRINTS + 1 + week, name
        return (ROOT if pick > 0.95 else 1 + mix(*self._seed, index, 4) % self._bases), name
