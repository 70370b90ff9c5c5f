"""An actor is told by its name, and proven by a key, a session, or the command line."""

from __future__ import annotations

from metering.access import ActorKind, ApiKey, ProofKind, Role, by_command, by_key, by_session

KEY = ApiKey("k1", "auditor", "bureau", Role.READ)


def test_a_person_and_a_program_with_the_same_key_are_not_the_same():
    person, program = by_session(KEY), by_key(KEY)
    assert (person.kind, program.kind) == (ActorKind.PERSON, ActorKind.SYSTEM)
    assert (person.proof.kind, program.proof.kind) == (ProofKind.SESSION, ProofKind.KEY)
    assert person != program
    assert person.proof.key_id == program.proof.key_id == "k1"


def test_the_audit_log_names_the_key_where_there_is_one():
    assert str(by_key(KEY)) == str(by_session(KEY)) == "auditor (k1)"
    assert str(by_command()) == "command line"
    assert str(by_command("demo", ActorKind.SYSTEM)) == "demo"
    assert by_command().proof.kind is ProofKind.COMMAND_LINE
