/* The words that may be said, as an automaton over labels.
 *
 * A state stands for the letters of a word so far; 0-based labels lead on. Sources: the prefix
 * trees of 0.1 to 0.3 (`trie` versions 1 and 2), the automata of 0.4 to 0.9 (`trie` versions 3 and
 * 5, the tail of a `.scorer`), or the words of a language model. A dictionary is immutable. An
 * automaton from a file is read where it lies, and nothing in it is believed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_LM_DICTIONARY_H
#define DSI_LM_DICTIONARY_H

#include "model/alphabet.h"
#include "model/lm/lm.h"
#include "runtime/base/mapped_file.h"

/* Most states, and most letters of a word. */
#define DSI_DICTIONARY_MAX_STATES (UINT32_C(1) << 25)
#define DSI_DICTIONARY_MAX_LENGTH 1024

/* What tries and the tail of packages begin with, as i32 or as decimal text. */
#define DSI_DICTIONARY_MAGIC UINT32_C(0x54524945)

/* Labels in bytes output mode: bytes 1 to 255. */
#define DSI_DICTIONARY_N_BYTES 255

struct dsi_dictionary_info {
    const char *format; /* "trie version 1" … "trie version 5", "scorer", "language model",
                           "expanded" */
    uint32_t n_states;
    uint32_t n_arcs;
    bool is_bytes;    /* labels are bytes less 1, words are code points (bytes output mode) */
    bool is_anything; /* "character based": every label may follow; there is no automaton */
    bool has_scores;  /* dsi_dictionary_get_score knows more than -10 */
};

/* Layout of the automaton, that of OpenFST's "const" files: states {f32 final weight, infinite
 * where no word ends; u32 first arc; u32 number of arcs; 8 bytes}, arcs {i32 label + 1; i32 the
 * same; f32; i32 next state}, ascending by label within a state. */
#define DSI_DICTIONARY_STATE_SIZE 20
#define DSI_DICTIONARY_ARC_SIZE 16
#define DSI_DICTIONARY_NOT_FINAL UINT32_C(0x7f800000) /* bits of infinity */

struct dsi_dictionary {
    struct dsi_dictionary_info info;
    struct dsi_mapped_file file; /* owned, or empty */
    uint8_t *memory;             /* owned: states, arcs and scores that were built; or NULL */
    const uint8_t *states, *arcs;
    const float *scores; /* [n_states]: lowest log10 unigram score of a word below; or NULL */
    uint32_t start;
    bool ends_with_space; /* a word is what the space leads to a final state */
    uint32_t space;       /* its label, where ends_with_space is set */
};

/* Whether the bytes begin like a `trie` file. */
bool dsi_dictionary_probe(struct dsi_bytes bytes);

/* Reads a `trie` file of version 1, 2, 3, 4 or 5 for this alphabet; ERR_MISMATCH for another one,
 * as far as the file tells. */
enum dsinfer_status dsi_dictionary_open(struct dsi_dictionary *dictionary, const char *path,
                                        const struct dsi_alphabet *alphabet,
                                        struct dsinfer_error *err);

/* The same from `bytes`, which must outlive the dictionary. */
enum dsinfer_status dsi_dictionary_read(struct dsi_dictionary *dictionary, struct dsi_bytes bytes,
                                        const struct dsi_alphabet *alphabet,
                                        struct dsinfer_error *err);

/* The automaton of a const FST at the cursor (version 5, and the tail of a scorer package); the
 * cursor's bytes begin where offsets are aligned to, and outlive the dictionary. With `is_bytes`
 * the alphabet is not looked at. *dictionary must be zeroed. */
enum dsinfer_status dsi_dictionary_read_fst(struct dsi_dictionary *dictionary,
                                            struct dsi_cursor *cursor, bool is_bytes,
                                            const struct dsi_alphabet *alphabet,
                                            struct dsinfer_error *err);

/* All words of a language model (which must have strings) that the alphabet can spell, with their
 * scores without context. Without an alphabet (NULL) words are bytes. */
enum dsinfer_status dsi_dictionary_build(struct dsi_dictionary *dictionary, const struct dsi_lm *lm,
                                         const struct dsi_alphabet *alphabet,
                                         struct dsinfer_error *err);

/* Follows `label` (a letter, not the space) from `state`; false where no word goes on so. */
bool dsi_dictionary_find(const struct dsi_dictionary *dictionary, uint32_t state, uint32_t label,
                         uint32_t *next);

/* The labels below n_labels that lead on from `state`, as a set: bit label % 64. `space`
 * (UINT32_MAX: none) is in it if a word ends there. Other than dsi_dictionary_find it looks at the
 * first n_labels arcs only, which are all there are in any file but a damaged one. */
uint64_t dsi_dictionary_get_followers(const struct dsi_dictionary *dictionary, uint32_t state,
                                      uint32_t space, size_t n_labels);

/* Arcs of a state, as indices first … end - 1; none where the file lies. */
void dsi_dictionary_get_arcs(const struct dsi_dictionary *dictionary, uint32_t state,
                             uint32_t *first, uint32_t *end);

/* Label + 1 of an arc, and the state it leads to, which may lie outside. */
void dsi_dictionary_get_arc(const struct dsi_dictionary *dictionary, uint32_t arc, uint32_t *label,
                            uint32_t *next);

/* Whether a word ends at this state. */
bool dsi_dictionary_is_word(const struct dsi_dictionary *dictionary, uint32_t state);

/* Lowest log10 score, without context, of a word that begins so. */
float dsi_dictionary_get_score(const struct dsi_dictionary *dictionary, uint32_t state);

void dsi_dictionary_finish(struct dsi_dictionary *dictionary); /* takes a zeroed struct as well */

/* The words of `dag` as a tree, whose states have scores where there is a model to tell them (`lm`
 * may be NULL): an automaton merges the ends of words, so its states cannot. ERR_LIMIT for more
 * than the states or letters above, which a cycle leads to as well. */
enum dsinfer_status dsi_dictionary_expand(const struct dsi_dictionary *dag, const struct dsi_lm *lm,
                                          const struct dsi_alphabet *alphabet,
                                          struct dsi_dictionary *tree, struct dsinfer_error *err);

/* The rest is internal to model/lm. */

/* Whether the state itself is final: where words end with a space, one behind it. */
bool dsi_dictionary_is_final(const struct dsi_dictionary *dictionary, uint32_t state);

/* Nodes of a tree that is being made: a parent before its children, these by ascending label. */
struct dsi_tree_node {
    uint32_t parent; /* of the root: itself, 0 */
    uint32_t label;
    float score;
    bool is_word;
};

struct dsi_tree {
    struct dsi_tree_node *nodes; /* owned */
    uint32_t n_nodes, capacity;
};

enum dsinfer_status dsi_tree_add(struct dsi_tree *tree, struct dsi_tree_node node,
                                 struct dsinfer_error *err);
void dsi_tree_finish(struct dsi_tree *tree); /* takes a zeroed struct as well */

/* Makes the automaton of a tree with a root at least. */
enum dsinfer_status dsi_dictionary_make(struct dsi_dictionary *dictionary,
                                        const struct dsi_tree *tree, struct dsinfer_error *err);

/* The smallest automaton of the words of a dictionary that was made from a tree; its words end with
 * the alphabet's space (NULL: with their last byte). */
enum dsinfer_status dsi_dictionary_minimise(const struct dsi_dictionary *tree,
                                            const struct dsi_alphabet *alphabet,
                                            struct dsi_dictionary *dag, struct dsinfer_error *err);

/* The head of a const FST of `dictionary`, whose states and arcs then follow, each aligned to 16 of
 * the file. */
#define DSI_FST_HEAD_SIZE 65
void dsi_fst_write_head(const struct dsi_dictionary *dictionary, uint8_t head[DSI_FST_HEAD_SIZE]);

/* Reads the node lists of versions 1 (text) and 2 (binary); `bytes` begin behind magic and version.
 */
enum dsinfer_status dsi_prefix_tree_read(struct dsi_dictionary *dictionary, struct dsi_bytes bytes,
                                         bool is_text, const struct dsi_alphabet *alphabet,
                                         struct dsinfer_error *err);

/* Reads a vector FST (version 3) at the cursor. */
enum dsinfer_status dsi_fst_read_vector(struct dsi_dictionary *dictionary,
                                        struct dsi_cursor *cursor,
                                        const struct dsi_alphabet *alphabet,
                                        struct dsinfer_error *err);

#endif
