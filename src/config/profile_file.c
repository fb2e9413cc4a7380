/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing only appends, the config file before the credentials file.  A lookup begins at the end,
 * so the last value counts and the credentials file takes precedence.  Sections and properties
 * that do not count are kept and marked as dropped, because their lines are checked as well.
 *
 * This file knows the syntax only.  The meaning of keys is known to credentials/.
 */
#include "config/profile_file.h"

#include "base/buf.h"
#include "base/command_line.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/secret.h"
#include "config/environment.h"

#include <errno.h>
#include <string.h>

/* Bytes; elements. */
enum { FILE_MAX_SIZE = 1 << 20, FIRST_CAPACITY = 16 };

struct section {
    enum profile_section_kind kind;
    char *name;
    bool is_bare_default; /* "[default]" of the config file, which "[profile default]" beats */
    bool is_dropped;
    char *problem; /* why it was not understood: "FILE, line N: ..."; or NULL */
};

enum { NO_PARENT = -1 };

/* section is an index and not a pointer, because the array moves when it grows. */
struct property {
    size_t section;
    ptrdiff_t parent; /* index of the property that this one is nested in, or NO_PARENT */
    char *key;        /* lower case */
    bool is_dropped;  /* no name that a property may have: does not count, but is continued */
    struct buf value;
};

struct profile_set {
    struct section *sections;
    size_t section_count;
    size_t section_capacity;
    struct property *properties;
    size_t property_count;
    size_t property_capacity;
};

/* What is being parsed, and where. */
struct parser {
    struct profile_set *set;
    const char *file; /* for messages */
    bool is_config;
    size_t line;
    bool has_section;   /* the last section of the set is the current one */
    ptrdiff_t property; /* the one that an indented line continues, or NO_PARENT */
    bool is_nested;     /* its own line had no value: indented lines are KEY = VALUE */
    dsql_error *err;
};

/* ---- The set ---- */

/* Room for one more element.  NULL: out of memory, and the old array is still valid. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    size_t wanted = *capacity == 0 ? FIRST_CAPACITY : *capacity * 2;
    void *bigger = mem_resize_array(items, wanted, size);
    if (bigger != NULL) {
        *capacity = wanted;
    }
    return bigger;
}

/* The result is valid until the next section is added. */
static struct section *add_section(struct profile_set *set, struct text name)
{
    struct section *sections =
        grow(set->sections, set->section_count, &set->section_capacity, sizeof *set->sections);
    if (sections == NULL) {
        return NULL;
    }
    set->sections = sections;
    struct section *section = &sections[set->section_count];
    *section = (struct section){.name = text_dup(name)};
    if (section->name == NULL) {
        return NULL;
    }
    set->section_count++;
    return section;
}

/* The characters that AWS's rules allow in the name of a property. */
static bool is_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!char_is_alnum(name.data[i]) && strchr("_-/.%@:+", name.data[i]) == NULL) {
            return false;
        }
    }
    return name.len > 0;
}

/* Keys have no case; names of profiles do. */
static char *dup_lower(struct text text)
{
    char *copy = text_dup(text);
    for (size_t i = 0; copy != NULL && copy[i] != '\0'; i++) {
        copy[i] = char_to_lower(copy[i]);
    }
    return copy;
}

/* The value is a buffer, because lines that follow may continue it.  It may be a secret. */
static bool add_property(struct profile_set *set, ptrdiff_t parent, struct text key,
                         struct text value)
{
    struct property *properties = grow(set->properties, set->property_count,
                                       &set->property_capacity, sizeof *set->properties);
    if (properties == NULL) {
        return false;
    }
    set->properties = properties;
    struct property *property = &properties[set->property_count];
    *property = (struct property){
        .section = set->section_count - 1,
        .parent = parent,
        .key = dup_lower(key),
        .is_dropped = !is_name(key),
    };
    if (property->key == NULL) {
        return false;
    }
    buf_init_secret(&property->value, FILE_MAX_SIZE);
    buf_add_text(&property->value, value);
    set->property_count++;
    return buf_ok(&property->value);
}

void profile_set_free(struct profile_set *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->section_count; i++) {
        mem_free(set->sections[i].name);
        mem_free(set->sections[i].problem);
    }
    for (size_t i = 0; i < set->property_count; i++) {
        mem_free(set->properties[i].key);
        buf_clear(&set->properties[i].value);
    }
    mem_free(set->sections);
    mem_free(set->properties);
    mem_free(set);
}

/* ---- Lines ---- */

/* The message has the file and the line but no text of it: the line may contain a key. */
static bool fail_line(const struct parser *parser, const char *what)
{
    fail(parser->err, DSQL_ERR_CREDENTIALS, "%s, line %zu: %s", parser->file, parser->line, what);
    return false;
}

static bool fail_memory(const struct parser *parser)
{
    fail_nomem(parser->err);
    return false;
}

/* Only at the beginning of a line, or before a setting. */
static bool is_comment(struct text text)
{
    return text_starts_with(text, "#") || text_starts_with(text, ";");
}

/* An indented line continues the setting before it, whatever it contains. */
static bool is_indented(struct text line)
{
    return text_starts_with(line, " ") || text_starts_with(line, "\t");
}

/* A comment after a value needs white space before it: "a = b;c" is all value. */
static struct text without_comment(struct text line)
{
    for (size_t i = 1; i < line.len; i++) {
        bool is_mark = line.data[i] == '#' || line.data[i] == ';';
        if (is_mark && char_is_space(line.data[i - 1])) {
            return text_slice(line, 0, i);
        }
    }
    return line;
}

/* Any character that is printed; the AWS CLI has no other rule. */
static bool is_section_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (char_is_control(name.data[i])) {
            return false;
        }
    }
    return name.len > 0;
}

/*
 * The config file writes "[profile NAME]", but "[default]" without the word.  The AWS CLI splits
 * the header as a shell splits a command, and writes quotes around a name with a blank in it.  A
 * section of another kind is ignored, as a later version of the CLI may define it.  Returns why.
 */
static const char *read_config_header(const struct command_line *words, struct text *name,
                                      struct section *section)
{
    static const char *const kinds[] = {
        [PROFILE_SECTION_PROFILE] = "profile",
        [PROFILE_SECTION_SSO_SESSION] = "sso-session",
        [PROFILE_SECTION_SERVICES] = "services",
    };
    struct text word = text_of(words->words[0]);
    if (words->count == 1 && text_equal_string(word, "default")) {
        *name = word;
        section->is_bare_default = true;
        return NULL;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (text_equal_string(word, kinds[i]) && words->count > 1) {
            section->kind = (enum profile_section_kind)i;
            *name = text_of(words->words[1]);
            return words->count == 2 && is_section_name(*name)
                       ? NULL
                       : "a name with blanks needs quotes, as in [profile \"my name\"]";
        }
    }
    return "a section of this file must be [default], [profile NAME], [sso-session NAME] or "
           "[services NAME]";
}

/* For the error of whoever looks for this section and does not find it. */
static bool note_problem(struct parser *parser, struct section *section, const char *why)
{
    struct buf problem AUTO_BUF;
    buf_init(&problem, FILE_MAX_SIZE);
    buf_printf(&problem, "%s, line %zu: the header of the section is not understood: %s",
               parser->file, parser->line, why);
    section->problem = buf_take(&problem);
    return section->problem != NULL;
}

/* why is NULL for a section that counts.  It is used at once, before the array can move. */
static bool open_section(struct parser *parser, struct text name, const struct section *what,
                         const char *why)
{
    struct section *section = add_section(parser->set, name);
    if (section == NULL) {
        return fail_memory(parser);
    }
    section->kind = what->kind;
    section->is_bare_default = what->is_bare_default;
    section->is_dropped = what->is_dropped;
    if (why != NULL && !note_problem(parser, section, why)) {
        return fail_memory(parser);
    }
    parser->has_section = true;
    parser->property = NO_PARENT;
    return true;
}

/* A section that was not understood keeps its header for a name, so that it can be found. */
static bool open_config_section(struct parser *parser, struct text header)
{
    struct command_line words AUTO_COMMAND_LINE = {.count = 0};
    struct section what = {.kind = PROFILE_SECTION_PROFILE};
    struct text name = header;
    const char *why = command_line_split(header, &words);
    if (why == NULL) {
        why = read_config_header(&words, &name, &what);
    }
    what.is_dropped = why != NULL;
    return open_section(parser, why == NULL ? name : header, &what, why);
}

/* Names stand alone here, and quotes are part of them. */
static bool open_credentials_section(struct parser *parser, struct text name)
{
    struct section what = {.kind = PROFILE_SECTION_PROFILE};
    const char *why = NULL;
    if (!is_section_name(name)) {
        what.is_dropped = true;
        why = "the name of a section is missing or has a control character";
    } else if (text_starts_with(name, "profile ")) {
        why = "a section of this file is [NAME], without the word profile";
    }
    return open_section(parser, name, &what, why);
}

/*
 * The position of the bracket that ends a header; in quotes it is part of the name.  Quotes that
 * are not closed do not count.
 */
static bool find_bracket(struct text line, size_t *position)
{
    char quote = '\0';
    for (size_t i = 1; i < line.len; i++) {
        char c = line.data[i];
        if (c == '\\' && quote != '\'') {
            i++;
        } else if (quote != '\0') {
            if (c == quote) {
                quote = '\0';
            }
        } else if (c == ']') {
            *position = i;
            return true;
        } else if (c == '\'' || c == '"') {
            quote = c;
        }
    }
    return text_find(line, ']', position);
}

static bool parse_header(struct parser *parser, struct text line)
{
    size_t end = 0;
    if (!(parser->is_config ? find_bracket(line, &end) : text_find(line, ']', &end))) {
        return fail_line(parser, "a section header has no closing ']'");
    }
    struct text header = text_trim(text_slice(line, 1, end - 1));
    struct text after = text_trim(text_slice(line, end + 1, line.len));
    if (!text_is_empty(after) && !is_comment(after)) {
        return fail_line(parser, "text after the ']' of a section header");
    }
    return parser->is_config ? open_config_section(parser, header)
                             : open_credentials_section(parser, header);
}

static bool split_property(const struct parser *parser, struct text line, struct text *key,
                           struct text *value)
{
    if (!text_cut(line, '=', key, value)) {
        return fail_line(parser, "expected KEY = VALUE");
    }
    *key = text_trim(*key);
    *value = text_trim(*value);
    return text_is_empty(*key) ? fail_line(parser, "the key before '=' is missing") : true;
}

/* An empty value announces nested settings: "s3 =" and then indented lines. */
static bool parse_property(struct parser *parser, struct text line)
{
    struct text key;
    struct text value;
    if (!split_property(parser, without_comment(line), &key, &value)) {
        return false;
    }
    if (!parser->has_section) {
        return fail_line(parser, "a setting comes before the first section");
    }
    if (!add_property(parser->set, NO_PARENT, key, value)) {
        return fail_memory(parser);
    }
    parser->property = (ptrdiff_t)parser->set->property_count - 1;
    parser->is_nested = text_is_empty(value);
    return true;
}

/* A comment after a nested value is part of the value, as in the SDKs. */
static bool parse_nested(struct parser *parser, struct text line)
{
    struct text key;
    struct text value;
    if (is_comment(line)) {
        return true;
    }
    if (!split_property(parser, line, &key, &value)) {
        return false;
    }
    return add_property(parser->set, parser->property, key, value) ? true : fail_memory(parser);
}

/* A nested line is also appended to the value of its property, as the SDKs do. */
static bool parse_continuation(struct parser *parser, struct text line)
{
    if (parser->property == NO_PARENT) {
        return is_comment(line) ? true
                                : fail_line(parser, "an indented line has no setting to continue");
    }
    struct buf *value = &parser->set->properties[parser->property].value;
    buf_add_char(value, '\n');
    buf_add_text(value, line);
    if (!buf_ok(value)) {
        return fail_memory(parser);
    }
    return parser->is_nested ? parse_nested(parser, line) : true;
}

/* A comment begins in the first column; after a setting an indented "#" is part of the value. */
static bool parse_line(struct parser *parser, struct text line)
{
    struct text trimmed = text_trim(line);
    if (text_is_empty(trimmed) || is_comment(line)) {
        return true;
    }
    if (is_indented(line)) {
        return parse_continuation(parser, trimmed);
    }
    if (text_starts_with(line, "[")) {
        return parse_header(parser, line);
    }
    return parse_property(parser, line);
}

/* ---- Files ---- */

/* A NUL byte would end a value early, so such a file is refused. */
static bool parse_file(struct parser *parser, struct text rest)
{
    size_t position = 0;
    if (rest.len > FILE_MAX_SIZE || text_find(rest, '\0', &position)) {
        return fail_line(parser, "not a text file of at most one megabyte");
    }
    if (text_starts_with(rest, "\xef\xbb\xbf")) { /* a byte order mark, from Windows editors */
        rest = text_slice(rest, 3, rest.len);
    }
    struct text line;
    while (text_next_line(&rest, &line)) {
        parser->line++;
        if (!parse_line(parser, line)) {
            return false;
        }
    }
    return true;
}

/* If the config file has "[profile default]", its "[default]" is ignored; the two do not merge. */
static void drop_bare_default(struct profile_set *set)
{
    bool is_beaten = false;
    for (size_t i = 0; i < set->section_count; i++) {
        const struct section *section = &set->sections[i];
        is_beaten = is_beaten ||
                    (section->kind == PROFILE_SECTION_PROFILE && !section->is_bare_default &&
                     !section->is_dropped && text_equal_string(text_of(section->name), "default"));
    }
    for (size_t i = 0; is_beaten && i < set->section_count; i++) {
        set->sections[i].is_dropped =
            set->sections[i].is_dropped || set->sections[i].is_bare_default;
    }
}

/* The rule about "[default]" concerns the config file only, which is added first. */
static bool add_file(struct profile_set *set, const char *file, bool is_config, struct text content,
                     dsql_error *err)
{
    struct parser parser = {
        .set = set, .file = file, .is_config = is_config, .property = NO_PARENT, .err = err};
    if (!parse_file(&parser, content)) {
        return false;
    }
    if (is_config) {
        drop_bare_default(set);
    }
    return true;
}

static struct profile_set *parse_both(const char *config_name, struct text config,
                                      const char *credentials_name, struct text credentials,
                                      dsql_error *err)
{
    struct profile_set *set = mem_new(sizeof *set);
    if (set == NULL) {
        fail_nomem(err);
        return NULL;
    }
    if (!add_file(set, config_name, true, config, err) ||
        !add_file(set, credentials_name, false, credentials, err)) {
        profile_set_free(set);
        return NULL;
    }
    return set;
}

struct profile_set *profile_set_parse(struct text config, struct text credentials, dsql_error *err)
{
    return parse_both("AWS config file", config, "AWS credentials file", credentials, err);
}

/*
 * A missing file is empty.  One that cannot be read is an error: another identity, which comes
 * later in the chain, would take the place of the one that the file names.
 */
static bool read_file(const struct file_system *files, const char *path, struct buf *content,
                      dsql_error *err)
{
    buf_init_secret(content, FILE_MAX_SIZE);
    if (path == NULL) {
        fail_nomem(err);
        return false;
    }
    if (path[0] == '\0' || file_system_read(files, path, content) || errno == ENOENT ||
        errno == ENOTDIR) {
        return true;
    }
    fail_read(err, DSQL_ERR_CREDENTIALS, "", path);
    return false;
}

struct profile_set *profile_set_load(const struct file_system *files, dsql_error *err)
{
    static const char config_variable[] = "AWS_CONFIG_FILE";
    static const char credentials_variable[] = "AWS_SHARED_CREDENTIALS_FILE";
    AUTO_FREE char *config_path = environment_path(config_variable, ".aws/config");
    AUTO_FREE char *credentials_path = environment_path(credentials_variable, ".aws/credentials");
    struct buf config AUTO_BUF = {0};
    struct buf credentials AUTO_BUF = {0};
    if (!read_file(files, config_path, &config, err) ||
        !read_file(files, credentials_path, &credentials, err)) {
        return NULL;
    }
    return parse_both(config_path, buf_text(&config), credentials_path, buf_text(&credentials),
                      err);
}

/* ---- Looking up ---- */

static bool is_section(const struct section *section, enum profile_section_kind kind,
                       const char *name)
{
    return !section->is_dropped && section->kind == kind &&
           text_equal_string(text_of(name), section->name);
}

bool profile_set_has(const struct profile_set *set, enum profile_section_kind kind,
                     const char *name)
{
    for (size_t i = 0; i < set->section_count; i++) {
        if (is_section(&set->sections[i], kind, name)) {
            return true;
        }
    }
    return false;
}

const char *profile_set_problem(const struct profile_set *set, const char *name)
{
    for (size_t i = 0; i < set->section_count; i++) {
        const struct section *section = &set->sections[i];
        if (section->problem != NULL && text_contains(text_of(section->name), name)) {
            return section->problem;
        }
    }
    return NULL;
}

/* The index of the last one that fits, or NO_PARENT. */
static ptrdiff_t find_property(const struct profile_set *set, enum profile_section_kind kind,
                               const char *name, ptrdiff_t parent, const char *key)
{
    for (size_t i = set->property_count; i > 0; i--) {
        const struct property *property = &set->properties[i - 1];
        if (!property->is_dropped && property->parent == parent &&
            text_equal_string(text_of(key), property->key) &&
            is_section(&set->sections[property->section], kind, name)) {
            return (ptrdiff_t)(i - 1);
        }
    }
    return NO_PARENT;
}

static const char *value_at(const struct profile_set *set, ptrdiff_t index)
{
    return index == NO_PARENT ? NULL : buf_text(&set->properties[index].value).data;
}

const char *profile_set_get(const struct profile_set *set, enum profile_section_kind kind,
                            const char *name, const char *key)
{
    return value_at(set, find_property(set, kind, name, NO_PARENT, key));
}

const char *profile_set_get_nested(const struct profile_set *set, enum profile_section_kind kind,
                                   const char *name, const char *key, const char *subkey)
{
    ptrdiff_t parent = find_property(set, kind, name, NO_PARENT, key);
    return parent == NO_PARENT ? NULL
                               : value_at(set, find_property(set, kind, name, parent, subkey));
}
