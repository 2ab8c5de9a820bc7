"""What an admin key reads about the organization: projects, users, admin keys."""

from __future__ import annotations

from itertools import islice
from typing import Any

from sandbox import people
from sandbox.openai.dialect import identity, listed, several
from sandbox.platform import Call
from sandbox.world import DAY_MS, Life, Population, World, mix

ROLES = ("reader", "reader", "owner")
ADMIN_KEYS = 3
COUNTED = 4


class Organization:
    def __init__(self, world: World) -> None:
        self.world = world
        self._projects = world.population(
            "openai projects", per_person=0.03, least=4, births=0.01, changes=0, deaths=0.005
        )
        self._users = world.population("openai users", per_person=0.2, least=6, births=0.004, changes=0, deaths=0.001)

    def projects(self, call: Call) -> dict[str, Any]:
        """Archived ones only on request."""
        indices = self._all(self._projects, gone=call.param("include_archived") == "true")
        return listed(call, "project", indices, self._project, order="asc")

    def users(self, call: Call) -> dict[str, Any]:
        emails = several(call, "emails")
        indices = self._all(self._users)
        if emails:
            indices = [one for one in indices if people.person(self.world, one).email in emails]
        return listed(call, "user", indices, self._user, order="asc")

    def keys(self, call: Call) -> dict[str, Any]:
        return listed(call, "key", list(range(ADMIN_KEYS)), self._key, order="asc")

    def projects_at(self, ms: int) -> list[int]:
        """The oldest few projects that existed at this instant: the ones whose use is counted."""
        return self._at(self._projects, ms)

    def users_at(self, ms: int) -> list[int]:
        return self._at(self._users, ms)

    def _at(self, population: Population, ms: int) -> list[int]:
        lives = (self._life(population, index) for index in range(population.size))
        there = (life.index for life in lives if life.created <= ms and (life.deleted is None or life.deleted > ms))
        return list(islice(there, COUNTED))

    def _all(self, population: Population, *, gone: bool = False) -> list[int]:
        return [one for one in range(population.size) if gone or one not in population.deleted()]

    def _life(self, population: Population, index: int) -> Life:
        life = population.life(index)
        assert life is not None
        return life

    def _project(self, index: int) -> dict[str, Any]:
        life = self._life(self._projects, index)
        return {
            "id": identity("project", index),
            "object": "organization.project",
            "name": f"{people.WORDS[index % len(people.WORDS)]} {index}",
            "created_at": life.created // 1000,
            "archived_at": life.deleted // 1000 if life.deleted is not None else None,
            "status": "active" if life.deleted is None else "archived",
        }

    def _user(self, index: int) -> dict[str, Any]:
        person = people.person(self.world, index)
        return {
            "object": "organization.user",
            "id": identity("user", index),
            "name": person.name,
            "email": person.email,
            "role": "owner" if index == 0 else ROLES[mix(self.world.seed, index, 3) % len(ROLES)],
            "added_at": self._life(self._users, index).created // 1000,
        }

    def _key(self, index: int) -> dict[str, Any]:
        created = self.world.start_ms - (300 - 90 * index) * DAY_MS
        owner = self._user(0)
        return {
            "object": "organization.admin_api_key",
            "id": identity("key", index),
            "name": ("Billing", "Integrations", "Audit")[index],
            "redacted_value": f"sk-admin...{index:03d}",
            "created_at": created // 1000,
            "expires_at": None,
            "last_used_at": self.world.clock.ms() // DAY_MS * 86_400,
            "owner": {
                "type": "user",
                "object": "organization.user",
                "id": owner["id"],
                "name": owner["name"],
                "created_at": owner["added_at"],
                "role": owner["role"],
            },
        }
