"""What an admin key reads about the organization: itself, workspaces, people, keys.

Source: platform.claude.com/docs/en/api/admin. The default workspace has no id and is in no list.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from sandbox import people
from sandbox.claude.dialect import ORGANIZATION, ORGANIZATION_NAME, identity, listed, stamp
from sandbox.platform import Call
from sandbox.world import DAY_MS, Life, Population, World, mix

ROLES = ("user", "developer", "developer", "billing", "claude_code_user")
COLOURS = ("#6C5BB9", "#3B82F6", "#10B981", "#F59E0B")
COUNTED = 4


class Organization:
    def __init__(self, world: World) -> None:
        self.world = world
        born = world.population
        self._workspaces = born("claude workspaces", per_person=0.05, least=4, births=0.01, changes=0, deaths=0.01)
        self._users = born("claude users", per_person=0.3, least=8, births=0.01, changes=0.02, deaths=0.004)
        self._keys = born("claude api_keys", per_person=0.3, least=8, births=0.02, changes=0.03, deaths=0)

    def me(self, call: Call) -> dict[str, Any]:
        return {"id": ORGANIZATION, "type": "organization", "name": ORGANIZATION_NAME}

    def workspaces(self, call: Call) -> dict[str, Any]:
        """Archived ones only on request."""
        gone = {} if call.param("include_archived") == "true" else self._workspaces.deleted()
        indices = [one for one in range(self._workspaces.size) if one not in gone]
        return listed(call, "wrkspc", indices, self._workspace)

    def users(self, call: Call) -> dict[str, Any]:
        gone, email = self._users.deleted(), call.param("email")
        indices = [one for one in range(self._users.size) if one not in gone]
        if email:
            indices = [one for one in indices if people.person(self.world, one).email == email]
        return listed(call, "user", indices, self._user)

    def keys(self, call: Call) -> dict[str, Any]:
        indices = list(range(self._keys.size))
        for name in ("status", "workspace_id"):
            wanted = call.param(name)
            if wanted:
                indices = [one for one in indices if self._key(one)[name] == wanted]
        return listed(call, "apikey", indices, self._key)

    def workspaces_at(self, ms: int) -> list[int]:
        """The oldest few workspaces that existed at this instant: those whose use is counted."""
        return self._at(self._workspaces, ms)

    def users_at(self, ms: int) -> list[int]:
        return self._at(self._users, ms)

    def _at(self, population: Population, ms: int) -> list[int]:
        lives = (self._life(population, index) for index in range(population.size))
        there = (life.index for life in lives if life.created <= ms and (life.deleted is None or life.deleted > ms))
        return list(islice(there, COUNTED))

    def _life(self, population: Population, index: int) -> Life:
        life = population.life(index)
        assert life is not None
        return life

    def _workspace(self, index: int) -> dict[str, Any]:
        life = self._life(self._workspaces, index)
        return {
            "id": identity("wrkspc", index),
            "type": "workspace",
            "name": f"{people.WORDS[index % len(people.WORDS)]} {index}",
            "created_at": stamp(life.created),
            "archived_at": stamp(life.deleted) if life.deleted is not None else None,
            "display_color": COLOURS[index % len(COLOURS)],
        }

    def _user(self, index: int) -> dict[str, Any]:
        person, life = people.person(self.world, index), self._life(self._users, index)
        return {
            "id": identity("user", index),
            "type": "user",
            "email": person.email,
            "name": person.name,
            "role": "admin" if index == 0 else ROLES[(mix(self.world.seed, index, 5) + life.version) % len(ROLES)],
            "added_at": stamp(life.created),
        }

    def _key(self, index: int) -> dict[str, Any]:
        """Whoever changes a key makes it inactive, or active again."""
        life, bits = self._life(self._keys, index), mix(self.world.seed, index, 6)
        expires = life.created + 900 * DAY_MS if bits % 3 == 0 else None
        over = expires is not None and expires <= self.world.clock.ms()
        return {
            "id": identity("apikey", index),
            "type": "api_key",
            "name": f"Key {index}",
            "workspace_id": identity("wrkspc", bits % 4) if bits % 4 else None,
            "created_at": stamp(life.created),
            "created_by": {"id": identity("user", bits % 5), "type": "user"},
            "partial_key_hint": f"sk-ant-…{index:04d}",
            "status": "expired" if over else ("active", "inactive")[life.version % 2],
            "expires_at": stamp(expires) if expires is not None else None,
        }
