/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql completion: scripts for shells, made from the table of commands.  A script finds the
 * command that the words so far lead to, and offers its subcommands, its options and the choices
 * of an option.  It does not run dsql, so completing is fast and works without a cluster.
 */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/options.h"
#include "cli/shell_quote.h"

#include <string.h>

enum { PATH_SIZE = 64 };

/* What differs between shells.  path is "dsql local start". */
struct shell {
    const char *name;
    const char *head;
    void (*print)(const struct command *command, const char *path);
    const char *tail;
};

/* ---- Walking through the table ---- */

/* Calls print for each option of the command, --help among them. */
static void for_each_option(const struct command *command, const char *path,
                            void (*print)(const struct command_option *option, const char *path))
{
    const struct command_option *const *const lists[] = {command->options, command->shared_options};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (size_t j = 0; lists[i] != NULL && lists[i][j] != NULL; j++) {
            print(lists[i][j], path);
        }
    }
    print(&option_help, path);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table of commands, which is three */
static void print_all(const struct shell *shell, const struct command *command, const char *path)
{
    shell->print(command, path);
    for (const struct command *c = command->commands; c != NULL && c->name != NULL; c++) {
        char longer[PATH_SIZE];
        snprintf(longer, sizeof longer, "%s %s", path, c->name);
        print_all(shell, c, longer);
    }
}

static bool takes_directory(const struct command_option *option)
{
    return option->argument != NULL && strcmp(option->argument, "DIR") == 0;
}

static bool takes_file_name(const struct command_option *option)
{
    return option->argument != NULL && strcmp(option->argument, "FILE") == 0;
}

static bool takes_file(const struct command *command)
{
    return command->arguments != NULL && strcmp(command->arguments, "FILE") == 0;
}

/* Two commands have an argument with known values, so the table has no field for them. */
static const char *argument_choices(const struct command *command)
{
    if (command->run == explain_run) {
        return explain_codes;
    }
    return command->run == completion_run ? "bash zsh fish" : "";
}

/* ---- bash and zsh: a function sets variables to what belongs to a command ---- */

/* How a shell writes lists and their words. */
struct list_style {
    const char *open;
    const char *close;
    void (*print_word)(const char *word, const char *description);
    void (*print_option)(const struct command_option *option, const char *path);
};

/* " --port -p" */
static void print_names(const struct command_option *option, const char *path)
{
    (void)path;
    printf(" --%s", option->name);
    if (option->letter != 0) {
        printf(" -%c", option->letter);
    }
}

static void print_valued(const struct command_option *option, const char *path)
{
    if (option->argument != NULL) {
        print_names(option, path);
    }
}

static void print_directory(const struct command_option *option, const char *path)
{
    if (takes_directory(option)) {
        print_names(option, path);
    }
}

static void print_file(const struct command_option *option, const char *path)
{
    if (takes_file_name(option)) {
        print_names(option, path);
    }
}

/* " --output=text --output=json" */
static void print_choices(const struct command_option *option, const char *path)
{
    struct text rest = text_of(option->choices);
    struct text choice;
    bool has_more = option->choices != NULL;
    (void)path;
    while (has_more) {
        has_more = text_cut(rest, ' ', &choice, &rest);
        printf(" --%s=%.*s", option->name, (int)choice.len, choice.data);
    }
}

/* One branch of the function's "case". */
static void print_branch(const struct command *command, const char *path,
                         const struct list_style *style)
{
    const struct {
        const char *variable;
        void (*print)(const struct command_option *option, const char *path);
    } lists[] = {{"options", style->print_option},
                 {"valued", print_valued},
                 {"directories", print_directory},
                 {"files", print_file},
                 {"choices", print_choices}};
    printf("    '%s')\n        commands=%s%s", path, style->open, argument_choices(command));
    for (const struct command *c = command->commands; c != NULL && c->name != NULL; c++) {
        style->print_word(c->name, c->summary);
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        printf("%s\n        %s=%s", style->close, lists[i].variable, style->open);
        for_each_option(command, path, lists[i].print);
    }
    printf("%s\n        takes_file='%s'\n        ;;\n", style->close,
           takes_file(command) ? "yes" : "");
}

/* ---- bash ---- */

static const char bash_head[] =
    "# Completion of dsql for bash, made by 'dsql completion bash'.\n"
    "_dsql_table() {\n"
    "    commands='' options='' valued='' directories='' files='' choices='' takes_file=''\n"
    "    case $1 in\n";

static const char bash_tail[] =
    "    esac\n"
    "}\n"
    "_dsql() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local commands options valued directories files choices takes_file path=dsql word i "
    "words=''\n"
    "    # bash takes the sign of --output=json for a word.\n"
    "    [[ $current != '=' ]] || current=''\n"
    "    [[ $previous != '=' ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    [[ ${COMP_WORDS[COMP_CWORD]} != '=' ]] || previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    COMPREPLY=()\n"
    "    _dsql_table \"$path\"\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ $word == -- ]]; then\n"
    "            compopt -o default 2>/dev/null\n"
    "            return 0\n"
    "        elif [[ \" $valued \" == *\" $word \"* ]]; then\n"
    "            i=$((i + 1))\n"
    "        elif [[ \" $commands \" == *\" $word \"* ]]; then\n"
    "            path=\"$path $word\"\n"
    "            _dsql_table \"$path\"\n"
    "        fi\n"
    "    done\n"
    "    if [[ \" $directories \" == *\" $previous \"* ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        return 0\n"
    "    elif [[ \" $files \" == *\" $previous \"* ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        return 0\n"
    "    elif [[ \" $valued \" == *\" $previous \"* ]]; then\n"
    "        for word in $choices; do\n"
    "            [[ $word != \"$previous=\"* ]] || words=\"$words ${word#*=}\"\n"
    "        done\n"
    "    elif [[ $current == -* ]]; then\n"
    "        words=$options\n"
    "    elif [[ -n $takes_file ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        return 0\n"
    "    else\n"
    "        words=$commands\n"
    "    fi\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
    "}\n"
    "complete -F _dsql dsql\n";

static void print_bash_word(const char *word, const char *description)
{
    (void)description;
    printf(" %s", word);
}

static void print_bash(const struct command *command, const char *path)
{
    static const struct list_style style = {"'", "'", print_bash_word, print_names};
    print_branch(command, path, &style);
}

/* ---- zsh ---- */

static const char zsh_head[] =
    "#compdef dsql\n"
    "# Completion of dsql for zsh, made by 'dsql completion zsh'.\n"
    "_dsql_table() {\n"
    "  commands=() options=() valued=() directories=() files=() choices=() takes_file=''\n"
    "  case $1 in\n";

static const char zsh_tail[] =
    "  esac\n"
    "}\n"
    "_dsql() {\n"
    "  local dsql_path=dsql word current=$words[CURRENT] previous=$words[CURRENT-1] takes_file\n"
    "  local -a commands options valued directories files choices names\n"
    "  integer i\n"
    "  _dsql_table $dsql_path\n"
    "  for ((i = 2; i < CURRENT; i++)); do\n"
    "    word=$words[i] names=(${commands%%:*})\n"
    "    if [[ $word == -- ]]; then\n"
    "      shift $i words\n"
    "      CURRENT=$((CURRENT - i))\n"
    "      _normal\n"
    "      return\n"
    "    elif (($valued[(Ie)$word])); then\n"
    "      i=$((i + 1))\n"
    "    elif (($names[(Ie)$word])); then\n"
    "      dsql_path=\"$dsql_path $word\"\n"
    "      _dsql_table $dsql_path\n"
    "    fi\n"
    "  done\n"
    "  if [[ $current == --*=* ]]; then\n"
    "    previous=${current%%=*}\n"
    "    compset -P '*='\n"
    "  fi\n"
    "  if (($directories[(Ie)$previous])); then\n"
    "    _files -/\n"
    "  elif (($files[(Ie)$previous])); then\n"
    "    _files\n"
    "  elif (($valued[(Ie)$previous])); then\n"
    "    names=(${${(M)choices:#$previous=*}#*=})\n"
    "    compadd -a names\n"
    "  elif [[ $current == -* ]]; then\n"
    "    _describe -o option options\n"
    "  elif [[ -n $takes_file ]]; then\n"
    "    _files\n"
    "  else\n"
    "    _describe command commands\n"
    "  fi\n"
    "}\n"
    "if [[ $funcstack[1] == _dsql ]]; then\n"
    "  _dsql \"$@\"\n"
    "else\n"
    "  compdef _dsql dsql\n"
    "fi\n";

/* _describe takes "word:description". */
static void print_zsh_word(const char *word, const char *description)
{
    char text[512];
    snprintf(text, sizeof text, "%s:%s", word, description);
    putchar(' ');
    print_shell_quoted(text);
}

static void print_zsh_option(const struct command_option *option, const char *path)
{
    char word[PATH_SIZE];
    (void)path;
    snprintf(word, sizeof word, "--%s", option->name);
    print_zsh_word(word, option->help);
}

static void print_zsh(const struct command *command, const char *path)
{
    static const struct list_style style = {"(", ")", print_zsh_word, print_zsh_option};
    print_branch(command, path, &style);
}

/* ---- fish ---- */

/* -o: words without the one being typed; -c: only those before the cursor. */
static const char fish_head[] =
    "# Completion of dsql for fish, made by 'dsql completion fish'.\n"
    "function __dsql_path\n"
    "    set -l path dsql\n"
    "    set -l words (commandline -opc)\n"
    "    for word in $words[2..]\n"
    "        test \"$word\" = -- && set path run && break\n"
    "        contains -- \"$path $word\" $__dsql_paths && set path \"$path $word\"\n"
    "    end\n"
    "    test \"$path\" = \"$argv[1]\"\n"
    "end\n"
    "set -g __dsql_paths\n"
    "complete -c dsql -e\n"
    "complete -c dsql -n 'not __dsql_path run' -f\n";

/* One line for a word of the command, up to its description. */
static void print_fish_start(const char *path)
{
    char condition[PATH_SIZE + 32];
    snprintf(condition, sizeof condition, "__dsql_path '%s'", path);
    printf("complete -c dsql -n ");
    print_shell_quoted(condition);
}

static void print_fish_option(const struct command_option *option, const char *path)
{
    print_fish_start(path);
    printf(" -l %s", option->name);
    if (option->letter != 0) {
        printf(" -s %c", option->letter);
    }
    if (takes_directory(option)) {
        printf(" -x -a '(__fish_complete_directories)'");
    } else if (takes_file_name(option)) {
        printf(" -r -F");
    } else if (option->argument != NULL) {
        printf(" -x -a '%s'", option->choices == NULL ? "" : option->choices);
    }
    printf(" -d ");
    print_shell_quoted(option->help);
    putchar('\n');
}

static void print_fish(const struct command *command, const char *path)
{
    for_each_option(command, path, print_fish_option);
    if (takes_file(command)) {
        print_fish_start(path);
        printf(" -F\n");
    }
    if (*argument_choices(command) != '\0') {
        print_fish_start(path);
        printf(" -a '%s'\n", argument_choices(command));
    }
    for (const struct command *c = command->commands; c != NULL && c->name != NULL; c++) {
        printf("set -a __dsql_paths '%s %s'\n", path, c->name);
        print_fish_start(path);
        printf(" -a %s -d ", c->name);
        print_shell_quoted(c->summary);
        putchar('\n');
    }
}

/* ---- The command ---- */

static const struct shell shells[] = {
    {"bash", bash_head, print_bash, bash_tail},
    {"zsh", zsh_head, print_zsh, zsh_tail},
    {"fish", fish_head, print_fish, ""},
};

int completion_run(const struct command_line *line)
{
    const char *name = command_argument(line, 0);
    for (size_t i = 0; name != NULL && i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(name, shells[i].name) == 0) {
            printf("%s", shells[i].head);
            print_all(&shells[i], line->root, line->root->name);
            printf("%s", shells[i].tail);
            return EXIT_DONE;
        }
    }
    return command_usage(line->command, "give the name of the shell: bash, zsh or fish");
}
