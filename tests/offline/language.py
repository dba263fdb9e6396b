# SPDX-License-Identifier: Apache-2.0
"""The policy language once more, from karmor-policy(5) alone and as slowly as it is written there: globs by taking their
choices apart and asking a regular expression, decisions by looking at every rule. It shares no code and no thought with
lib, so that what both get wrong must be wrong in the page.

Policies are documents as json has them, without faults. Names are bytes: they come here as Latin-1.
"""

import functools
import re
from typing import NamedTuple

SECTIONS = ("process", "file", "network", "capabilities", "syscalls")
SECTION_OF = {"exec": "process", "read": "file", "write": "file", "net": "network", "capability": "capabilities",
              "syscall": "syscalls"}
FAMILIES = {"inet": 2, "inet6": 10, "unix": 1, "netlink": 16, "packet": 17, "vsock": 40, "bluetooth": 31, "alg": 38}
TYPES = {"stream": 1, "dgram": 2, "raw": 3, "rdm": 4, "seqpacket": 5, "dccp": 6, "packet": 10}
NUMBERS = {"0": 0, "ip": 0, "icmp": 1, "tcp": 6, "udp": 17, "dccp": 33, "icmpv6": 58, "sctp": 132, "udplite": 136,
           "mptcp": 262, "raw": 255}
# What a plain protocol says of a socket: family, type and number, as far as it says any.
PLAIN = {"tcp": (2, 1, 6), "udp": (2, 2, 17), "icmp": (2, None, 1), "icmpv6": (10, None, 58), "sctp": (2, None, 132),
         "dccp": (2, None, 33), "udplite": (2, None, 136), "raw": (None, 3, None), "stream": (None, 1, None),
         "dgram": (None, 2, None), "rdm": (None, 4, None), "seqpacket": (None, 5, None), "packet": (None, 10, None),
         "all": (None, None, None)}
BY_TYPE = ("raw", "stream", "dgram", "rdm", "seqpacket", "packet")
BY_NUMBER = {"tcp": (1, (0, 6, 262)), "udp": (2, (0, 17)), "icmp": (None, (1,)), "icmpv6": (None, (58,)),
             "sctp": (None, (132,)), "dccp": (None, (33,)), "udplite": (None, (136,))}


def names_bytes(text):
    return text.encode().decode("latin-1")


# Globs

def class_end(glob, at):
    """Past the "]" of the class at @at."""
    at += 2 if glob[at + 1] in "!^" else 1
    first = at
    while glob[at] != "]" or at == first:
        at += 2 if glob[at] == "\\" else 1
    return at + 1


def elements(glob):
    """A glob in pieces: a byte, escaped or not, a class, a star or two, a brace or a comma."""
    at = 0
    while at < len(glob):
        end = at + 1
        if glob[at] == "\\":
            end = at + 2
        elif glob[at] == "[":
            end = class_end(glob, at)
        elif glob[at] == "*":
            end = at + re.match(r"\*+", glob[at:]).end()
        yield glob[at:end]
        at = end


def split_choices(parts):
    """What is before the first braces, their choices and what is behind, as lists of elements; no choices: None."""
    if "{" not in parts:
        return parts, None, []
    first = parts.index("{")
    depth, choices = 0, [[]]
    for at in range(first + 1, len(parts)):
        if parts[at] == "}" and depth == 0:
            return parts[:first], choices, parts[at + 1:]
        if parts[at] == "," and depth == 0:
            choices.append([])
            continue
        depth += (parts[at] == "{") - (parts[at] == "}")
        choices[-1].append(parts[at])
    raise ValueError(parts)


def expand(parts):
    """Every list of elements that a glob stands for."""
    before, choices, behind = split_choices(parts)
    if choices is None:
        yield parts
        return
    for choice in choices:
        yield from expand(before + choice + behind)


def class_regex(text):
    negated = text[1] in "!^"
    inner, listed, at = text[2 if negated else 1:-1], set(), 0
    points = [piece[-1] for piece in re.findall(r"\\.|.", inner, re.S)]
    dashes = [piece == "-" for piece in re.findall(r"\\.|.", inner, re.S)]
    while at < len(points):
        if at + 2 < len(points) and dashes[at + 1]:
            listed |= {chr(code) for code in range(ord(points[at]), ord(points[at + 2]) + 1)}
            at += 3
        else:
            listed.add(points[at])
            at += 1
    listed |= {"/"} if negated else set()
    return f"[{'^' if negated else ''}{''.join(re.escape(each) for each in sorted(listed))}]"


def element_regex(part):
    if part == "*":
        return "[^/]*"
    if part.startswith("*"):
        return ".*"
    if part == "?":
        return "[^/]"
    return class_regex(part) if part[0] == "[" else re.escape(part[-1])


def regex(parts):
    """Of a glob without choices."""
    components = [[]]
    for part in parts:
        if part in ("/", "\\/"):
            components.append([])
        else:
            components[-1].append(part)
    text = ""
    for number, component in enumerate(components, 1):
        last = number == len(components)
        if component == ["**"]:
            text += ".+" if last else "(?:[^/]+/)*"
        else:
            text += "".join(map(element_regex, component)) + ("" if last else "/")
    return re.compile(text, re.S)


@functools.lru_cache(maxsize=4096)
def glob_regexes(glob):
    """Pairs: whether it must start at the root, and its regular expression."""
    return [(bool(parts) and parts[0] in ("/", "\\/") or glob.startswith("/"), regex(parts))
            for parts in expand(list(elements(glob)))]


def glob_matches(glob, path):
    for from_root, pattern in glob_regexes(glob):
        starts = [0] if from_root else [slash.end() for slash in re.finditer("/(?=.)", path, re.S)]
        if any(pattern.fullmatch(path, start) for start in starts):
            return True
    return False


def literals(parts):
    """Bytes that stand for themselves; of choices the least."""
    before, choices, behind = split_choices(parts)
    count = sum(part[0] not in "*?[" for part in before)
    return count if choices is None else count + min(map(literals, choices)) + literals(behind)


# Matchers

class Matcher(NamedTuple):
    kind: str  # path, pattern, execname, dir
    text: str
    recursive: bool = False


def has_wildcard(glob):
    return any(part[0] in "*?[{" for part in elements(glob))


def unescape(glob):
    return "".join(part[-1] for part in elements(glob))


def read_pattern(glob):
    parts = list(elements(glob))
    if not glob.startswith("/"):
        return Matcher("pattern", glob)
    if not has_wildcard(glob):
        return Matcher("path", unescape(glob))
    if len(parts) > 1 and parts[-1] in ("*", "**") and parts[-2] in ("/", "\\/"):
        directory = "".join(parts[:-2])
        if not has_wildcard(directory):
            return Matcher("dir", unescape(directory) or "/", parts[-1] == "**")
    return Matcher("pattern", glob)


def read_matcher(entry):
    if "path" in entry:
        text = names_bytes(entry["path"])
        return read_pattern(text) if re.search(r"[*?[{]", text) else Matcher("path", text)
    if "dir" in entry:
        return Matcher("dir", names_bytes(entry["dir"]).rstrip("/") or "/", entry.get("recursive", False))
    if "execname" in entry:
        return Matcher("execname", names_bytes(entry["execname"]))
    return read_pattern(names_bytes(entry["pattern"]))


def matches(matcher, path):
    if matcher.kind == "path":
        return path == matcher.text
    if matcher.kind == "pattern":
        return glob_matches(matcher.text, path)
    if matcher.kind == "execname":
        return path.rpartition("/")[2] == matcher.text
    below = matcher.text if matcher.text == "/" else matcher.text + "/"
    if path == matcher.text:
        return True
    return path.startswith(below) and (matcher.recursive or "/" not in path[len(below):])


def rank(matcher):
    """The greater wins."""
    if matcher.kind == "path":
        return 3, 0
    if matcher.kind == "dir":
        return 1, len(matcher.text)
    return 2, len(matcher.text) if matcher.kind == "execname" else literals(list(elements(matcher.text)))


# Rules

class Rule(NamedTuple):
    section: str
    action: str
    entry: dict
    sources: list
    name: str  # of the policy
    place: tuple  # namespace and name of the policy, then which of its rules
    what: object  # a matcher, a protocol, a capability, or None for a syscall without a path


def things(section, entry):
    """What a rule is about: more than one thing for a comma list."""
    if section == "network":
        return [word.strip().lower() for word in entry["protocol"].split(",")]
    if section == "capabilities":
        return [word.strip().lower().removeprefix("cap_") for word in entry["capability"].split(",")]
    if section == "syscalls":
        if "path" not in entry:
            return [None]
        path = names_bytes(entry["path"])
        return [Matcher("dir", path.rstrip("/") or "/", entry.get("recursive", False)) if path.endswith("/")
                else Matcher("path", path)]
    return [read_matcher(entry)]


def rules_of(policy):
    metadata, spec = policy["metadata"], policy["spec"]
    namespace = metadata.get("namespace", "default") if policy["kind"] == "KubeArmorPolicy" else ""
    number = 0
    for section in (each for each in spec if each in SECTIONS):
        for entry in (each for name, rules in spec[section].items() if name.startswith("match") for each in rules):
            actions = [each["action"].lower() for each in (entry, spec[section], spec) if "action" in each]
            action = "audit" if section == "syscalls" else (actions + ["block"])[0]
            sources = [read_matcher(source) for source in entry.get("fromSource", [])]
            for thing in things(section, entry):
                number += 1
                yield Rule(section, action, entry, sources, metadata["name"],
                           (namespace.encode(), metadata["name"].encode(), number), thing)


# Selection

def holds(expression, value):
    return {"In": value in expression.get("values", []), "NotIn": value not in expression.get("values", []),
            "Exists": value is not None, "DoesNotExist": value is None}[expression["operator"]]


def selects(policy, question):
    is_host = policy["kind"] == "KubeArmorHostPolicy"
    if is_host != question["host"]:
        return False
    if question["labels"] is None:
        return True
    labels, namespace = question["labels"], question["namespace"]
    if policy["kind"] == "KubeArmorPolicy" and policy["metadata"].get("namespace", "default") != namespace:
        return False
    selector = policy["spec"]["nodeSelector" if is_host else "selector"]
    for key, value in selector.get("matchLabels", {}).items():
        if key == "kubearmor.io/container.name":
            names = [name.strip() for name in value.strip("[]").split(",") if name.strip()]
            if names and question["container"] not in names:
                return False
        elif labels.get(key) != value and not (is_host and (key, value) == ("kubearmor.io/hostname", "*")):
            return False
    for expression in selector.get("matchExpressions", []):
        if expression["key"] == "label":
            has_one = any(f"{key}={value}" in expression["values"] for key, value in labels.items())
            if has_one != (expression["operator"] == "In"):
                return False
        elif not holds(expression, namespace if expression["key"] == "namespace"
                       and policy["kind"] == "KubeArmorClusterPolicy" else labels.get(expression["key"])):
            return False
    return True


# Decisions

def socket_of(text):
    if ":" not in text:
        return PLAIN[text]
    family, kind, number = text.split(":")
    return FAMILIES[family], TYPES[kind], NUMBERS[number]


def covers(protocol, socket):
    family, kind, number = socket
    if family in (FAMILIES["unix"], FAMILIES["netlink"]):
        return False
    if protocol in ("all", "raw") and (protocol == "all" or family == FAMILIES["packet"]):
        return True
    if protocol in BY_TYPE:
        return kind == TYPES[protocol]
    wanted, numbers = BY_NUMBER[protocol]
    return family in (2, 10) and wanted in (None, kind) and number in numbers


def rank_if_matched(rule, question):
    """How exactly the rule's matcher is about the object; None: not at all."""
    thing = question["object"]
    if rule.section == "network":
        exact = 0 if rule.what == "all" else 1 if rule.what in BY_TYPE else 2
        return (exact, 0) if covers(rule.what, socket_of(thing)) else None
    if rule.section == "capabilities":
        return (0, 0) if rule.what == thing else None
    if rule.section == "syscalls":
        name, _, path = thing.partition(":")
        if name not in rule.entry["syscall"] or rule.what and not (path and matches(rule.what, path)):
            return None
        return rank(rule.what) if rule.what else (0, 0)
    return rank(rule.what) if matches(rule.what, thing) else None


def speaks(rule, question):
    read_only, owner_only = rule.entry.get("readOnly"), rule.entry.get("ownerOnly")
    granted = (not read_only or question["op"] == "read") and (not owner_only or question["owner"])
    if rule.action == "allow":
        return granted
    return not granted or not (read_only or owner_only)


def order(rule, question):
    """A key by which the first rule wins; None where the rule says nothing."""
    exact = rank_if_matched(rule, question)
    if exact is None or not speaks(rule, question):
        return None
    if rule.sources and not any(matches(source, question["source"]) for source in rule.sources if question["source"]):
        return None
    return not rule.sources, [-each for each in exact], rule.action != "block", rule.place


def decide(policies, question):
    """The verdict and the name that goes with it."""
    section = SECTION_OF[question["op"]]
    rules = [rule for policy in policies if selects(policy, question) for rule in rules_of(policy)
             if rule.section == section]
    spoken = sorted(((order(rule, question), rule) for rule in rules if order(rule, question)), key=lambda each: each[0])
    deciding = next((rule for _, rule in spoken if rule.action != "audit"), None)
    logging = next((rule for _, rule in spoken if rule.action == "audit"), None)
    is_list = section != "syscalls" and any(rule.action == "allow" for rule in rules)
    if section == "network" and socket_of(question["object"])[0] in (FAMILIES["unix"], FAMILIES["netlink"]):
        is_list = False
    if deciding and deciding.action == "block":
        return "block", deciding.name
    if not deciding and is_list and question["posture"].get("file" if section == "process" else section) == "block":
        return "block", "DefaultPosture"
    if logging:
        return "audit", logging.name
    if deciding:
        return "allow", deciding.name
    return ("audit", "DefaultPosture") if is_list else ("allow", "-")
