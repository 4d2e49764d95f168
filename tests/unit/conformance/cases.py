# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Cluster Controller, or something in its place, may answer, and what each client must make of it.

The module verifies answers; the check does not, since it asks on the CC's own host, so that the two differ where
a signature is wrong: the check then believes what the Body says.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import answers
from .answers import Alter, entry, says

#: Seconds given to each client in the cases that time out.
SHORT = 0.5


@dataclass(frozen=True)
class Case:
    """One answer. Exactly one of ``alter`` (the simulator answers, changed by it) and ``hostile`` (a mode) decides it.

    ``state``: of the CC before. ``module``: the state that it returns, "" for none; or "!reason".
    ``check``: the local_state that it reports, or None. ``check_says``: a regular expression for its message.
    ``refusal``: the words for docs/cc-error-messages.md, None when this is not a refusal of its own.
    ``verify``: whether the module verifies the signature. ``slow``: the outcome is that time runs out.
    """

    name: str
    module: str
    check: str | None
    alter: Alter | None = None
    hostile: str | None = None
    state: str = "ENABLED"
    check_says: str = ""
    refusal: str | None = None
    verify: bool = True
    slow: bool = False

    @property
    def timeout(self) -> float:
        """Seconds to give the client."""
        return SHORT if self.slow else 30


NODE = entry("ENABLED", kind="node", name="10.0.0.21")

CASES = [
    # --- what a CC says of itself -------------------------------------------------------------------
    *(Case(state, state, state, state=state) for state in ("LOADED", "DISABLED", "ENABLED", "STOPPED", "NOTREADY")),
    Case("ENABLED, not verified", "ENABLED", "ENABLED", verify=False),
    Case("DISABLED, not verified", "DISABLED", "DISABLED", state="DISABLED", verify=False),
    Case("the word elsewhere", "DISABLED", "DISABLED", says(entry("DISABLED", name="ENABLED", details="ENABLED", partition="ENABLED"))),
    Case("the word in a statusMessage", "DISABLED", "DISABLED",
         says(entry("DISABLED"), ok="<n:statusMessage>ENABLED</n:statusMessage><n:return>true</n:return>")),
    Case("ENABLED nodes beside", "DISABLED", "DISABLED", says(NODE, entry("DISABLED"), NODE)),
    Case("other nodes beside", "ENABLED", "ENABLED", says(entry("DISABLED", kind="node"), entry("ENABLED"))),
    Case("only nodes", "", None, says(NODE)),
    Case("type Cluster in capitals", "", None, says(entry("ENABLED", kind="Cluster"))),
    Case("no status at all, return true", "", None, says()),
    Case("enabled in small letters", "enabled", None, says(entry("enabled"))),
    Case("blanks around ENABLED", " ENABLED ", None, says(entry(" ENABLED "))),
    Case("more than ENABLED", "ENABLEDNOT", None, says(entry("ENABLEDNOT"))),
    Case("ENABLED in character references", "ENABLED", "ENABLED", says(entry("&#69;NABLE&#x44;"))),
    Case("empty localState", "", None, says(entry(""))),
    Case("1,024 nodes", "ENABLED", "ENABLED", says(NODE * 1024, entry("ENABLED"))),
    # --- what is no answer about the CC ------------------------------------------------------------------
    Case("several cluster entries", "!several_clusters", None, says(entry("ENABLED"), entry("ENABLED", name="CC_01")),
         check_says="2 entries", refusal="several cluster entries"),
    Case("several cluster entries, not verified", "!several_clusters", None, says(entry("ENABLED"), entry("DISABLED")), verify=False),
    Case("return false", "!operation_failed", None,
         says(entry("ENABLED"), ok="<n:statusMessage>not initialized</n:statusMessage><n:return>false</n:return>"),
         check_says="initialise", refusal="the CC could not initialise (return=false)"),
    Case("no return", "!schema", None, says(entry("ENABLED"), ok="")),
    Case("two localState", "!schema", None, says(entry("DISABLED</n:localState><n:localState>ENABLED"))),
    Case("elements in localState", "!schema", None, says(entry("ENABLED<n:x></n:x>"))),
    Case("localEpoch that is no number", "!schema", "ENABLED", says(entry("ENABLED").replace(">0<", ">ENABLED<")),
         refusal="an element that does not fit the interface"),
    Case("empty serviceStatuses", "!schema", None, says(entry("ENABLED"), "<n:serviceStatuses></n:serviceStatuses>")),
    Case("xsi:nil", "!schema", None,
         says(entry("").replace("<n:localState>", f'<n:localState xmlns:x="{answers.XSI}" x:nil="true">'))),
    Case("comment in the word", "!markup", "ENABLED", says(entry("ENA<!-- -->BLED")),
         refusal="comments, CDATA, processing instructions"),
    Case("another element as answer", "!not_soap", None,
         answers.replaced(b"DescribeServicesResponse", b"StopServiceResponse"), verify=False),
    # --- faults -----------------------------------------------------------------------------------------
    Case("fault: unsigned request", "!fault", None, answers.fault("a-unsigned"), check_says="no signature",
         refusal="fault, the CC saw no signature"),
    Case("fault: foreign certificate", "!fault", None, answers.fault("b-wrong-key"), check_says="cloud-cert",
         refusal="fault, certificate unknown to the CC"),
    Case("fault: wrong key", "!fault", None, answers.fault("b2-bad-sig"), check_says="--key", refusal="fault, wrong key"),
    Case("fault: clocks differ", "!fault", None, answers.fault("c2-future"), check_says="clock", refusal="fault, clocks differ"),
    Case("fault: no Action", "!fault", None, answers.fault("d-action-absent"), refusal="fault, a header is missing"),
    Case("fault: unsigned To", "!fault", None, answers.fault("d-to-not-signed")),
    Case("fault: unknown, the word in it", "!fault", None, answers.fault_text("ENABLED", "localState ENABLED"),
         refusal="fault, unknown"),
    Case("fault with HTTP status 200", "!fault", None, answers.fault_text("soapenv:Server", "busy", 200)),
    Case("fault: MustUnderstand", "!fault", None, answers.fault_text("soapenv:MustUnderstand", "Header not understood"),
         check_says="services.xml", refusal="fault, the CC did not process the security header"),
    # --- signatures ---------------------------------------------------------------------------------------
    Case("unsigned", "!unsigned", "ENABLED", answers.unsigned, refusal="unsigned"),
    Case("Security header without signature", "!unsigned", "ENABLED", answers.empty_security),
    Case("foreign-signed", "!foreign_signed", "ENABLED", answers.foreign, refusal="foreign-signed"),
    Case("signed with the client's own key", "!foreign_signed", "ENABLED", answers.cloud_signed),
    Case("foreign-signed under the CC's certificate", "!tampered", "ENABLED", answers.foreign_under_cc_certificate,
         refusal="foreign-signed, the CC's certificate sent along"),
    Case("tampered state", "!tampered", "ENABLED", answers.replaced(b">DISABLED<", b">ENABLED<"), state="DISABLED",
         refusal="tampered"),
    Case("tampered signature value", "!tampered", "ENABLED", answers.replaced(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA")),
    Case("signed Body moved", "!body_moved", "ENABLED", answers.moved, state="DISABLED", refusal="moved Body (signature wrapping)"),
    Case("signed Body moved, same id", "!duplicate_id", "ENABLED", answers.moved_same_id, state="DISABLED",
         refusal="moved Body, the forged one with the same id"),
    Case("forged Body before the signed one", "!not_soap", None, answers.second_body, state="DISABLED",
         refusal="two Bodies, one of them forged"),
    Case("Body unsigned", "!body_unsigned", "ENABLED", answers.body_unsigned, refusal="Body unsigned"),
    Case("Timestamp unsigned", "!timestamp_unsigned", "ENABLED", answers.timestamp_unsigned, refusal="Timestamp unsigned"),
    Case("signed Timestamp moved", "!timestamp_unsigned", "ENABLED", answers.moved_timestamp),
    Case("Timestamp stale", "!timestamp_stale", "ENABLED", answers.stamped(-600, -300), refusal="Timestamp stale"),
    Case("Timestamp in the future", "!timestamp_future", "ENABLED", answers.stamped(120, 420), refusal="Timestamp in the future"),
    Case("Timestamp a little ahead", "ENABLED", "ENABLED", answers.stamped(10, 310)),
    Case("Timestamp with a zone offset", "!timestamp_invalid", "ENABLED",
         answers.signed_with(created="2026-11-22T11:17:00+01:00"), refusal="Timestamp unreadable"),
    Case("Timestamp empty", "!timestamp_invalid", "ENABLED", answers.signed_with(stamp="")),
    Case("RelatesTo of another request", "!relates_to", None, answers.to_another, check_says="RelatesTo", refusal="RelatesTo not ours"),
    Case("old ENABLED answer sent again", "!relates_to", None, answers.replayed, state="DISABLED", check_says="RelatesTo"),
    Case("RelatesTo unsigned", "!relates_to_unsigned", "ENABLED", answers.relates_to_unsigned, refusal="RelatesTo unsigned"),
    Case("RelatesTo of another request, not verified", "!relates_to", None, answers.to_another, verify=False),
    Case("Action unsigned", "!action_unsigned", "ENABLED", answers.action_unsigned, refusal="Action unsigned"),
    Case("answer to another operation", "!action", "ENABLED", answers.other_operation, refusal="Action of another operation"),
    Case("RSA-SHA256", "!algorithm", "ENABLED", answers.signed_with(signature_method=answers.MORE + "rsa-sha256"),
         refusal="weak or unknown algorithms: signature"),
    Case("RSA-MD5", "!algorithm", "ENABLED", answers.replaced(b"xmldsig#rsa-sha1", b"xmldsig-more#rsa-md5")),
    Case("HMAC-SHA1", "!algorithm", "ENABLED", answers.replaced(b"xmldsig#rsa-sha1", b"xmldsig#hmac-sha1")),
    Case("SHA-256 digests", "!algorithm", "ENABLED",
         answers.signed_with(digest_method="http://www.w3.org/2001/04/xmlenc#sha256"),
         refusal="weak or unknown algorithms: digests"),
    Case("inclusive canonical form", "!algorithm", "ENABLED",
         answers.replaced(b"http://www.w3.org/2001/10/xml-exc-c14n#", b"http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
         refusal="weak or unknown algorithms: canonical form"),
    Case("an XPath transform", "!algorithm", "ENABLED", answers.extra_transform, refusal="weak or unknown algorithms: transforms"),
    Case("key by issuer and serial", "!signature_structure", "ENABLED",
         answers.signed_with(key_info="<ds:X509Data xmlns:ds='http://www.w3.org/2000/09/xmldsig#'></ds:X509Data>"),
         refusal="a signature of another form"),
    # --- form ------------------------------------------------------------------------------------------------
    Case("a DTD", "!dtd", None, answers.with_doctype, check_says="DTD", refusal="DTD"),
    Case("entity bomb", "!dtd", None, hostile="entity bomb", check_says="DTD", refusal="entities"),
    Case("external entity", "!dtd", None, hostile="external entity", check_says="DTD"),
    Case("UTF-16", "!encoding", None, answers.encoded("utf-16"), refusal="another encoding than UTF-8"),
    Case("UTF-7", "!encoding", "ENABLED", answers.encoded("utf-7"), verify=False),
    Case("charset of Latin-1", "!encoding", "ENABLED", answers.of_type("text/xml; charset=iso-8859-1")),
    Case("more than 1 MiB, announced", "!too_large", None, answers.padded, check_says="more than", refusal="more than 1 MiB"),
    Case("2 GB announced", "!too_large", None, hostile="2 GB announced"),
    Case("2 GB, unannounced", "!too_large", None, hostile="2 GB, unannounced", refusal="more than 1 MiB, length not announced"),
    Case("2 GB in chunks", "!too_large", None, hostile="2 GB in chunks"),
    Case("one chunk of 2 GB", "!too_large", None, hostile="one chunk of 2 GB"),
    Case("endless header", "!head_too_large", None, hostile="endless header", refusal="endless header line"),
    Case("endless headers", "!head_too_large", None, hostile="endless headers", refusal="endless headers"),
    Case("endless interim answers", "!head_too_large", None, hostile="endless interim answers",
         refusal="endless interim answers (HTTP status 100)"),
    Case("many elements", "!too_much_markup", None, hostile="many elements", refusal="more markup than any CC sends"),
    Case("many attributes", "!too_much_markup", None, hostile="many attributes"),
    Case("many services", "!relates_to", None, hostile="many services", verify=False),
    Case("deep nesting", "!too_much_markup", None, hostile="deep nesting"),
    Case("application/soap+xml", "!content_type", None, answers.of_type("application/soap+xml"), check_says="content type"),
    Case("text/html", "!content_type", None, answers.of_type("text/html"), check_says="content type", refusal="wrong content type"),
    Case("text/xml without charset", "ENABLED", "ENABLED", answers.of_type("TEXT/XML")),
    Case("truncated by the server", "!truncated", None, answers.truncated, check_says="cut short", refusal="truncated"),
    Case("truncated, length unknown", "!not_xml", None, hostile="truncated, length unknown", verify=False,
         refusal="truncated, length not announced; no XML"),
    Case("truncated in a chunk", "!truncated", None, hostile="truncated in a chunk"),
    Case("HTTP redirect", "!redirect", None, answers.redirected, check_says="redirect", refusal="HTTP redirect"),
    Case("redirect loop", "!redirect", None, hostile="redirect loop", check_says="redirect"),
    Case("gzip bomb", "!content_encoding", None, hostile="gzip bomb", refusal="compressed"),
    Case("gzip bomb in disguise", "!encoding", None, hostile="gzip bomb in disguise"),
    Case("HTTP 500 garbage", "!http_status", None, hostile="HTTP 500 garbage", check_says="500", refusal="HTTP status without a fault"),
    Case("HTTP 500, text/xml garbage", "!encoding", None, hostile="HTTP 500, text/xml garbage"),
    Case("HTTP 500, good answer", "!http_status", None, hostile="HTTP 500, good answer", verify=False),
    Case("HTTP 404", "!http_status", None, hostile="HTTP 404", check_says="404"),
    Case("HTTP 503", "!http_status", None, hostile="HTTP 503", check_says="503"),
    Case("empty answer", "!empty", None, hostile="empty answer", refusal="empty"),
    Case("not HTTP", "!not_http", None, hostile="not HTTP", refusal="not HTTP"),
    Case("no answer", "!disconnected", None, hostile="no answer", refusal="closed without an answer"),
    Case("connection reset", "!disconnected", None, hostile="connection reset"),
    # --- time ---------------------------------------------------------------------------------------------------
    Case("hang", "!timeout", None, hostile="hang", slow=True, check_says="timed out", refusal="no answer in time"),
    Case("body stops", "!timeout", None, hostile="body stops", slow=True, check_says="timed out"),
    Case("slow drip", "!timeout", None, hostile="slow drip", slow=True, check_says="timed out", refusal="an answer that trickles"),
    Case("slow drip of the body", "!timeout", None, hostile="slow drip of the body", slow=True, check_says="timed out"),
    Case("slow headers", "!timeout", None, hostile="slow headers", slow=True, check_says="timed out"),
    Case("endless trailer", "!timeout", None, hostile="endless trailer", slow=True),
]
assert len({case.name for case in CASES}) == len(CASES)
