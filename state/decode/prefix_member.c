/* Who is in the beam: slots, and what the members know of each other.
 *
 * A member keeps its slot as long as it stays, so that what it knows of its parent and children
 * changes only with what comes and goes.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/prefix.h"

/* Tells a member about its children, and those in the beam about it. */
static void meet_children(struct dsi_prefix *prefix, uint32_t slot) {
    const struct dsi_label_node *nodes = prefix->tree.nodes;
    struct dsi_prefix_member *member = &prefix->members[slot];
    uint32_t child;

    member->living = 0;
    member->children = prefix->is_exact ? 0 : UINT64_MAX;
    for (child = nodes[member->node].first_child; child != DSI_LABEL_NONE;
         child = nodes[child].next) {
        member->children |= dsi_prefix_get_bit(nodes[child].label);
        if (dsi_prefix_is_active(prefix, child)) {
            prefix->members[prefix->nodes[child].slot].parent = slot;
            member->living |= prefix->is_exact ? dsi_prefix_get_bit(nodes[child].label) : 0;
        }
    }
}

/* Finds the parent of a member among the others. */
static void meet_parent(struct dsi_prefix *prefix, struct dsi_prefix_member *member) {
    const uint32_t parent = prefix->tree.nodes[member->node].parent;

    member->parent = parent != DSI_LABEL_NONE ? prefix->nodes[parent].slot : DSI_PREFIX_NO_PLACE;
    if (member->parent != DSI_PREFIX_NO_PLACE && prefix->is_exact) {
        prefix->members[member->parent].living |= dsi_prefix_get_bit(member->label);
    }
}

void dsi_prefix_join(struct dsi_prefix *prefix, uint32_t slot, uint32_t node, float blank,
                     float last, float total, uint32_t alignment) {
    struct dsi_prefix_member *member = &prefix->members[slot];

    *member = (struct dsi_prefix_member){
        .node = node,
        .label = prefix->tree.nodes[node].label,
        .alignment = alignment,
        .next_alignment = DSI_ALIGNMENT_NONE,
        .total = total,
        .blank = blank,
        .last = last,
        .may_follow = dsi_prefix_get_may_follow(prefix, prefix->nodes[node].state),
    };
    prefix->nodes[node].slot = slot;
    prefix->tree.nodes[node].is_active = true;
    meet_parent(prefix, member);
    meet_children(prefix, slot);
}

void dsi_prefix_leave(struct dsi_prefix *prefix, uint32_t slot) {
    const struct dsi_label_node *nodes = prefix->tree.nodes;
    const struct dsi_prefix_member *member = &prefix->members[slot];
    uint32_t child;

    dsi_alignment_unref(&prefix->alignments, member->alignment);
    prefix->leavers[prefix->n_leavers++] = (struct dsi_prefix_leaver){slot, member->node};
    prefix->nodes[member->node].slot = DSI_PREFIX_NO_PLACE;
    prefix->tree.nodes[member->node].is_active = false;
    if (member->parent != DSI_PREFIX_NO_PLACE) {
        prefix->members[member->parent].living &= ~dsi_prefix_get_bit(member->label);
    }
    if (member->children == 0) {
        return;
    }
    for (child = nodes[member->node].first_child; child != DSI_LABEL_NONE;
         child = nodes[child].next) {
        if (dsi_prefix_is_active(prefix, child)) {
            prefix->members[prefix->nodes[child].slot].parent = DSI_PREFIX_NO_PLACE;
        }
    }
}

/* Takes what is not in the beam and has no children out of the tree, from a node upwards. */
static void remove_nodes(struct dsi_prefix *prefix, uint32_t index) {
    struct dsi_label_node *nodes = prefix->tree.nodes;

    while (index != prefix->tree.root && nodes[index].first_child == DSI_LABEL_NONE &&
           !dsi_prefix_is_active(prefix, index)) {
        const uint32_t parent = nodes[index].parent;
        const uint32_t slot = prefix->nodes[parent].slot;

        if (nodes[index].ends_unit) {
            dsi_scoring_pool_remove(&prefix->contexts, prefix->nodes[index].context);
        }
        if (slot != DSI_PREFIX_NO_PLACE && prefix->is_exact) {
            prefix->members[slot].children &= ~dsi_prefix_get_bit(nodes[index].label);
        }
        dsi_label_tree_remove(&prefix->tree, index);
        index = parent;
    }
}

void dsi_prefix_remove_leavers(struct dsi_prefix *prefix) {
    size_t i;

    for (i = 0; i < prefix->n_leavers; i++) {
        const uint32_t node = prefix->leavers[i].node;

        if (prefix->tree.nodes[node].parent != DSI_LABEL_NONE) { /* not gone with a child */
            remove_nodes(prefix, node);
        }
    }
    prefix->n_leavers = 0;
}

void dsi_prefix_arrange(struct dsi_prefix *prefix, struct dsi_prefix_member *to,
                        const uint32_t *from, size_t n) {
    size_t i;

    for (i = 0; i < n; i++) {
        to[i] = prefix->members[from[i]];
        prefix->nodes[to[i].node].slot = (uint32_t)i;
    }
    if (to == prefix->spare) {
        prefix->spare = prefix->members;
        prefix->members = to;
    }
    prefix->n_members = n;
    for (i = 0; i < n; i++) {
        meet_parent(prefix, &prefix->members[i]);
    }
}
