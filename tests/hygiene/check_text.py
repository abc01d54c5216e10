"""The rules of CONTRIBUTING.md that a pattern can find: layout, file heads, banned functions, what
the library must not do, paths of machines.

SPDX-License-Identifier: BSD-2-Clause
"""
import re
import sys

import source_tree

COLUMNS = 100
SOURCES = (".c", ".h", ".cpp", ".py", ".sh", "/run")
ENDINGS = SOURCES + (".md", "meson.build", "meson_options.txt", "layers.txt", "long.txt", ".map",
                     ".proto", ".1", "LICENSE")

# (pattern, files it is banned in, files that may, sentence); code without comments and strings
ANYWHERE = ("",)
CODE_RULES = [
    (r"\b(strcpy|strcat|sprintf|vsprintf|strtok|strncpy|gets|alloca|atoi|atol|atoll|atof"
     r"|scanf|fscanf|sscanf)\s*\(",
     ANYWHERE, (), "{} is banned"),
    (r"\b(is(?:alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|tolower"
     r"|toupper|strcoll|strerror|setlocale|localeconv|strtod|strtof|strtold)\s*\(",
     source_tree.LIBRARY, (), "{} depends on the locale"),
    (r"\b(malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup|strndup)\s*\(",
     source_tree.LIBRARY, ("runtime/base/alloc.c",), "{}: only runtime/base/alloc.c may"),
    (r"\b(printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|putc|fputc|perror|fwrite)\s*\(",
     source_tree.LIBRARY, (), "{}: the library never prints"),
    (r"\b(stdout|stderr|stdin)\b", source_tree.LIBRARY, (), "{}: the library never prints"),
    (r"\b(exit|_exit|_Exit|quick_exit|abort|atexit|raise|kill|signal|sigaction)\s*\(",
     source_tree.LIBRARY, (), "{}: the library never ends the program"),
    (r"\b(getenv|secure_getenv|setenv|putenv|environ)\b",
     source_tree.LIBRARY, (), "{}: the library never reads the environment"),
    (r"\b(pthread_create)\s*\(",
     source_tree.LIBRARY, ("runtime/base/pool.c",), "{}: only runtime/base/pool.c may"),
    (r"\b(thrd_create|fork|system|popen)\s*\(",
     source_tree.LIBRARY, (), "{}: the library starts nothing"),
    (r"\b(rand|srand|random|drand48|time|clock)\s*\(",
     source_tree.LIBRARY, (), "{}: the library gives the same answer always"),
    (r"(\(\s*\{)", ANYWHERE, (), "statement expressions are GNU C"),
    (r"\b(__attribute__|__builtin_\w+|__typeof__|typeof|__asm__|asm|__int128|__extension__)\b",
     ANYWHERE, ("runtime/include/dsinfer/export.h", "runtime/base/error.h", "runtime/base/cpu.c",
                "bin/errors.h", "runtime/kernels/x86/", "runtime/kernels/arm/",
                "runtime/kernels/vector/", "tests/"), "{} is an extension"),
    (r"^\s*typedef\s+(?:struct|union|enum)\b()", ANYWHERE, (), "no typedef of a struct"),
    (r"^\s*#\s*pragma\b()", ANYWHERE, ("runtime/kernels/",), "no pragmas"),
]
# The same, in all of the text.
TEXT_RULES = [
    (r"(\t)", ANYWHERE, (), "tab"),
    (r"(\r)", ANYWHERE, (), "carriage return"),
    (r"([ \t])$", ANYWHERE, (), "blank at the end of the line"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", ANYWHERE, (), "{}: finish it, or open an issue"),
    (r"(?<![\w.$}\"*-])(/(?:work|farm|root|home|Users|mnt)/)",
     ANYWHERE, (), "{} is the path of one machine"),
    (r"^\s*#\s*if\s+0\b()", ANYWHERE, (), "dead code"),
]
# Files that must speak of what they forbid.
SELF = "tests/hygiene/check_text.py"


def compile_rules(rules):
    return [(re.compile(pattern, re.MULTILINE), folders, but, sentence)
            for pattern, folders, but, sentence in rules]


CODE_RULES = compile_rules(CODE_RULES)
TEXT_RULES = compile_rules(TEXT_RULES)


def apply_rules(rules, path, text):
    for pattern, folders, but, sentence in rules:
        if path.startswith(folders) and not path.startswith(but or ("\0",)):
            for match in pattern.finditer(text):
                yield text.count("\n", 0, match.start(1)) + 1, sentence.format(match.group(1))


def check_head(path, text):
    """A file says first what it is, then its licence."""
    head = "\n".join(text.split("\n")[:40])
    if path.endswith((".c", ".h", ".cpp")):
        comment = re.match(r"/\*.*?\*/", head, re.DOTALL)
        if not comment or not comment.group().endswith("SPDX-License-Identifier: BSD-2-Clause */"):
            yield 1, "begins with no comment that says what it is and ends with the SPDX line"
        elif comment.group().count("\n") < 1:
            yield 1, "the first comment does not say what the file is"
    elif path.endswith(SOURCES) and "SPDX-License-Identifier: BSD-2-Clause" not in head:
        yield 1, "has no SPDX line"


def check_conditionals(text):
    """No #if within a function."""
    lines = source_tree.strip_c(text).split("\n")
    for first, last, name in source_tree.find_functions(text):
        for number in range(first, last):
            if re.match(r"\s*#\s*(if|ifdef|ifndef|elif|else)\b", lines[number - 1]):
                yield number, f"preprocessor condition within {name}"


def check_c(path, text):
    for match in source_tree.TOKEN.finditer(text):
        if match.group().startswith("//"):
            yield text.count("\n", 0, match.start()) + 1, "comments are /* */"
    yield from apply_rules(CODE_RULES, path, source_tree.strip_c(text))
    yield from check_conditionals(text)
    if path.endswith(".h"):
        if not re.search(r"^#ifndef (\w+_H)\n#define \1\n", text, re.MULTILINE):
            yield 1, "has no include guard"


def check(path, text):
    if path == SELF:
        return []
    complaints = list(check_head(path, text)) + list(apply_rules(TEXT_RULES, path, text))
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        complaints.append((text.count("\n"), "ends without exactly one line end"))
    if path.endswith(SOURCES + ("meson.build",)):
        complaints += [(number, f"{len(line)} columns, at most {COLUMNS}")
                       for number, line in enumerate(text.split("\n"), 1) if len(line) > COLUMNS]
    if path.endswith((".c", ".h", ".cpp")):
        complaints += check_c(path, text)
    return sorted(complaints)


HEAD = "/* A file.\n * SPDX-License-Identifier: BSD-2-Clause */\n"
GUARD = "#ifndef A_H\n#define A_H\n\nint a;\n\n#endif\n"


def within(body):
    return HEAD + "int f(int a) {\n    " + body + "\n}\n"


BAD = [
    ("no head", "bin/a.c", "int a;\n"),
    ("head of the licence alone", "bin/a.c", "/* SPDX-License-Identifier: BSD-2-Clause */\n"),
    ("no licence", "bin/a.py", "import sys\n"),
    ("no guard", "bin/a.h", HEAD + "int a;\n"),
    ("tab", "bin/a.c", within("\tg();")),
    ("carriage return", "README.md", "text\r\n"),
    ("trailing blank", "README.md", "text \nmore\n"),
    ("no last line end", "README.md", "text"),
    ("two last line ends", "README.md", "text\n\n"),
    ("long line", "bin/a.c", within("g(" + "a" * 100 + ");")),
    ("line comment", "bin/a.c", within("g(); // now")),
    ("strcpy", "tests/a.c", within("strcpy(a, b);")),
    ("atoi", "bin/a.c", within("return atoi(s);")),
    ("strtod", "model/a.c", within("return strtod(s, NULL);")),
    ("isdigit", "model/a.c", within("return isdigit(c);")),
    ("malloc", "model/a.c", within("p = malloc(3);")),
    ("printf", "state/a.c", within("printf(s);")),
    ("stderr", "state/a.c", within("log(stderr);")),
    ("exit", "frontend/a.c", within("exit(1);")),
    ("getenv", "runtime/base/a.c", within("getenv(s);")),
    ("thread", "runtime/base/a.c", within("pthread_create(a, b, c, d);")),
    ("process", "runtime/base/pool.c", within("fork();")),
    ("random", "runtime/base/a.c", within("return rand();")),
    ("statement expression", "bin/a.c", within("a = ({ b; });")),
    ("attribute", "bin/a.c", within("__attribute__((unused)) int a;")),
    ("typedef", "bin/a.c", HEAD + "typedef struct a b;\n"),
    ("pragma", "bin/a.c", HEAD + "#pragma once\n"),
    ("unfinished", "bin/a.c", within("/* TO" + "DO */")),
    ("path", "README.md", "see /ho" + "me/me/file\n"),
    ("dead code", "bin/a.c", HEAD + "#if 0\nint a;\n#endif\n"),
    ("condition in a function", "bin/a.c", within("g();\n#ifdef A\n    h();\n#endif")),
]
GOOD = [
    ("bin/a.h", HEAD + GUARD),
    ("bin/a.c", within('printf("// strcpy(a) %d\\n", strtol(a, NULL, 10));')),
    ("model/a.c", within("/* printf(a) */ return dsi_malloc(snprintf(a, 1, s));")),
    ("model/a.c", within("free_pool(a); p->time = (struct a){1};")),
    ("runtime/base/alloc.c", within("return malloc(1);")),
    ("README.md", "A path: `../shared/model`, `/usr/share/dsinfer`.\n"),
]

if __name__ == "__main__":
    sys.exit(source_tree.run_check(check, ENDINGS, BAD, GOOD))
