/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol by which COMMIT decides (extension/occ), as a model that spin searches
 * whole: three transactions, two rows, two keys, every interleaving.
 *
 * Row 0 has a primary key and is known by it in every version.  Row 1 has none: a version
 * of it is known by its place.  A transaction takes a snapshot, notes what it does to
 * the rows that the snapshot shows, inserts keys, and commits or is cut off after its
 * validation.  What it reads of rows depends on its snapshot alone, so that needs no step
 * of its own; keys and the end of a transaction do, since others see them at once.
 *
 * Asserted at each COMMIT: no concurrent transaction that has committed did something
 * to a row that does not go with it, or inserted the same key.  At each failure: a
 * concurrent transaction is, or was, validated that this one conflicts with, or an
 * intent had to be evicted.  At the end: somebody has committed.  spin itself finds
 * deadlocks.
 *
 * What each step is in the code: docs/design/occ.md, "The model".
 *
 * Chosen with -D: ROWS (1: row 0, 2: row 1, 3: both), KEYS (0 to 2), CAPACITY of the table
 * of intents, and one MUTANT_..., which drops a step: the search must then find an error.
 * NO_FOR_UPDATE leaves that operation out.  THINGS_MAX: how many rows and keys one transaction
 * touches at most.  FIRST: what the first transaction does (WISH), which divides a large search.
 * SHARERS: of four transactions three lock row 0 FOR KEY SHARE and the last deletes it.
 */
#ifndef ROWS
#define ROWS 2
#endif
#ifndef KEYS
#define KEYS 0
#endif
#ifndef THINGS_MAX
#define THINGS_MAX 4
#endif
#ifndef CAPACITY
#define CAPACITY 12
#endif

#ifdef SHARERS
#define N       4
#else
#define N       3
#endif
#define NONE    0
#define SHARE   1 /* FOR KEY SHARE */
#define UPDATE  2 /* of no key */
#define LOCK    3 /* FOR UPDATE */
#define DELETE  4
#define REPLACED 5

#define BIT(t)       (1 << ((t) - 1))
#define HAS(set, t)  (((set) >> ((t) - 1)) & 1)
#define VERSION(r, i) ((r) * (N + 1) + (i)) /* made by transaction i; 0: at the start */
#define KEYLESS(r)   ((r) == 1)
#define NOWHERE      9

/* Do two operations on one row exclude each other?  heap's matrix of row locks. */
#define CONFLICT(a, b)                                                                   \
    ((a) != NONE && (b) != NONE &&                                                       \
     ((a) >= LOCK || (b) >= LOCK || ((a) == UPDATE && (b) == UPDATE)))

/* pg_xact, ProcArray, and the slots of occ/slots.c. */
byte committed, done, validated, entered, doomed;
/* Ghosts: what the assertions need to know, and no transaction may read. */
byte was_validated, was_evicted, was_cut_off, was_duplicate;

byte next_xid = 1, latest_completed;
byte xid[N + 1];
byte snap_done[N + 1], snap_committed[N + 1], snap_xmax[N + 1], snap_xmin[N + 1];

byte xmax[2 * (N + 1)]; /* of each version; 0: none */
short non_key; /* bit of a version: xmax was an update of no key */
byte op[(N + 1) * 2], at[(N + 1) * 2];
byte keys[N + 1], rivals[N + 1];

byte lock_holder;

/* The table of intents, the oldest first. */
byte count, newest_evicted;
byte i_ident[CAPACITY], i_mode[CAPACITY], i_who[CAPACITY], i_new[CAPACITY], i_cover[CAPACITY];

#define IDENT(r, i)     (KEYLESS(r) -> 2 + (i) : (r))
#define RUNNING(o, t)   (!HAS(snap_done[t], o)) /* in the snapshot of t */
#define ABORTED(o)      (HAS(done, o) && !HAS(committed, o))
#define IN_PROGRESS(o)  (!HAS(done, o))

/* ---- The table of intents ---- */

inline drop_intent(where) {
    k = where;
    do
    :: k + 1 < count ->
        i_ident[k] = i_ident[k + 1]; i_mode[k] = i_mode[k + 1]; i_who[k] = i_who[k + 1];
        i_new[k] = i_new[k + 1]; i_cover[k] = i_cover[k + 1]; k++
    :: else -> break
    od;
    count--;
    i_ident[count] = 0; i_mode[count] = 0; i_who[count] = 0; i_new[count] = 0; i_cover[count] = 0;
    k = 0
}

/* The horizon: the oldest that a snapshot has, or a running transaction is. */
inline find_horizon() {
    horizon = next_xid;
    k = 1;
    do
    :: k <= N ->
        if
        :: IN_PROGRESS(k) && snap_xmin[k] != 0 && snap_xmin[k] < horizon -> horizon = snap_xmin[k]
        :: else
        fi;
        if
        :: IN_PROGRESS(k) && xid[k] != 0 && xid[k] < horizon -> horizon = xid[k]
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0
}

inline drop_old() {
    do
#ifdef MUTANT_FORGET_EARLY
    :: count > 0 && HAS(done, i_who[0]) -> drop_intent(0)
#else
    :: count > 0 && xid[i_who[0]] < horizon -> drop_intent(0)
#endif
    :: else -> break
    od;
    if
    :: newest_evicted != 0 && newest_evicted < horizon -> newest_evicted = 0
    :: else
    fi
}

inline add_intent(ident, mode, who, new) {
    drop_old();
    if
    :: count == CAPACITY ->
        was_evicted = 1;
#ifndef MUTANT_EVICT_SILENTLY
        if
        :: xid[i_who[0]] > newest_evicted -> newest_evicted = xid[i_who[0]]
        :: else
        fi;
#endif
        drop_intent(0)
    :: else
    fi;
    i_ident[count] = ident; i_mode[count] = mode; i_who[count] = who; i_new[count] = new;
    count++
}

/* One that a later intent says all of goes, once the later one has committed. */
inline publish_intent(ident, mode, who) {
    j = 0;
    do
    :: j < count && (i_ident[j] != ident || i_mode[j] != mode) -> j++
    :: j < count && i_ident[j] == ident && i_mode[j] == mode ->
        if
        :: i_cover[j] != 0 && HAS(done, i_cover[j]) && HAS(committed, i_cover[j]) -> drop_intent(j)
        :: i_cover[j] != 0 && IN_PROGRESS(i_cover[j]) -> j++
        :: else ->
            i_cover[j] = 0;
            if
#ifdef MUTANT_COVER_RUNNING
            :: true -> i_cover[j] = who
#else
            :: HAS(done, i_who[j]) -> i_cover[j] = who
            :: else
#endif
            fi;
            j++
        fi
    :: else -> break
    od;
    j = 0;
    add_intent(ident, mode, who, 0)
}

/* ---- Begin ---- */

inline take_snapshot(t) {
    snap_done[t] = done;
    snap_committed[t] = committed & done;
    snap_xmax[t] = latest_completed + 1;
    snap_xmin[t] = latest_completed + 1;
    k = 1;
    do
    :: k <= N ->
        if
        :: IN_PROGRESS(k) && xid[k] != 0 && xid[k] < snap_xmin[t] -> snap_xmin[t] = xid[k]
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0
}

/* What each transaction is going to do, chosen before any of them begins: which keys it
   inserts (as many bits, and BACKWARDS for the second one first), and an operation a row. */
#define BACKWARDS 4
byte wish[(N + 1) * 2], wished_keys[N + 1];
#define WISH(t) (wish[(t) * 2] * 40 + wish[(t) * 2 + 1] * 8 + wished_keys[t])
#ifdef FIRST
#define WISHED_FIRST(t) (WISH(t) == FIRST)
#else
#define WISHED_FIRST(t) true
#endif
#define THINGS(t)                                                                        \
    ((wish[(t) * 2] != NONE) + (wish[(t) * 2 + 1] != NONE) + (wished_keys[t] & 1) +        \
     ((wished_keys[t] >> 1) & 1))

inline choose_wish(t, r) {
    if
    :: wish[t * 2 + r] = NONE
    :: wish[t * 2 + r] = SHARE
    :: wish[t * 2 + r] = UPDATE
#ifndef NO_FOR_UPDATE
    :: wish[t * 2 + r] = LOCK
#endif
    :: wish[t * 2 + r] = DELETE
    fi
}

/* Transactions differ in their wishes only, so one order of the same three is enough. */
inline choose_wishes(t) {
#if ROWS & 1
    choose_wish(t, 0);
#endif
#if ROWS & 2
    choose_wish(t, 1);
#endif
#if KEYS >= 1
    if
    :: wished_keys[t] = 0
    :: wished_keys[t] = 1
#if KEYS >= 2
    :: wished_keys[t] = 2
    :: wished_keys[t] = 3
    :: wished_keys[t] = 3 + BACKWARDS
#endif
    fi;
#endif
    if
    :: THINGS(t) <= THINGS_MAX && (t == 1 -> WISHED_FIRST(t) : WISH(t - 1) <= WISH(t)) -> skip
    :: else -> goto another_order
    fi
}

/* The version of the row that the snapshot of t shows. */
inline see(t, r) {
    v = NOWHERE;
    k = 0;
    do
    :: k <= N ->
        if
        :: (k == 0 || (HAS(snap_committed[t], k) && op[k * 2 + r] == UPDATE)) &&
           (xmax[VERSION(r, k)] == 0 || !HAS(snap_committed[t], xmax[VERSION(r, k)])) -> v = k
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0
}

inline choose_op(t, r) {
    see(t, r);
    if
#ifdef SHARERS
    :: t < N && v != NOWHERE -> op[t * 2 + r] = SHARE
    :: t == N && v != NOWHERE -> op[t * 2 + r] = DELETE
    :: v == NOWHERE -> op[t * 2 + r] = NONE
#else
    :: v == NOWHERE -> op[t * 2 + r] = NONE
    :: else -> op[t * 2 + r] = wish[t * 2 + r]
#endif
    fi;
    at[t * 2 + r] = (op[t * 2 + r] == NONE -> NOWHERE : v);
    v = 0
}

/* ---- Keys, while the transaction runs ---- */

/* Looking and inserting are one step: the index page is locked. */
inline insert_key(t, which) {
    entered = entered | BIT(t);
    k = 1;
    do
    :: k <= N ->
        if
        :: k != t && ((keys[k] >> which) & 1) ->
            if
            :: HAS(snap_committed[t], k) -> duplicate = 1
            :: RUNNING(k, t) && !ABORTED(k) -> rivals[t] = rivals[t] | BIT(k)
            :: else
            fi
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0;
    keys[t] = keys[t] | (1 << which)
}

/* ---- Validation ---- */

/* Is there an intent on what the claim stands for that its operation cannot go with? */
inline check_intents(t, r) {
    k = 0;
    do
    :: k < count ->
        if
        :: i_mode[k] != REPLACED && i_ident[k] == IDENT(r, at[t * 2 + r]) &&
           CONFLICT(i_mode[k], op[t * 2 + r]) && RUNNING(i_who[k], t) && !ABORTED(i_who[k]) ->
#ifndef MUTANT_NO_INTENT_CHECK
            fails = 1
#else
            skip
#endif
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0
}

inline find_replacement(t, r) {
    v = NOWHERE;
    k = 0;
    do
    :: k < count ->
        if
        :: i_mode[k] == REPLACED && i_ident[k] == IDENT(r, at[t * 2 + r]) &&
           i_who[k] == xmax[VERSION(r, at[t * 2 + r])] -> v = i_new[k]
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0;
    if
    :: v == NOWHERE -> fails = 1; forgotten = 1
    :: else ->
        before[r] = (IN_PROGRESS(xmax[VERSION(r, at[t * 2 + r])]) -> at[t * 2 + r] : NOWHERE);
        at[t * 2 + r] = v
    fi;
    v = 0
}

inline check_row(t, r) {
    first = at[t * 2 + r];
    before[r] = NOWHERE;
    do
    :: op[t * 2 + r] == NONE || fails -> break
    :: else ->
        check_intents(t, r);
        who = xmax[VERSION(r, at[t * 2 + r])];
        maker = at[t * 2 + r];
        if
        :: fails -> break
        :: !fails && (who == 0 || ABORTED(who)) -> break
        :: !fails && at[t * 2 + r] != first && IN_PROGRESS(maker) && who == 0 -> break
        :: else ->
            if
            :: op[t * 2 + r] == SHARE && ((non_key >> VERSION(r, at[t * 2 + r])) & 1) ->
#ifdef MUTANT_NO_FOLLOWING
                break
#else
                if
                :: KEYLESS(r) -> find_replacement(t, r)
                :: else -> break
                fi
#endif
            :: else ->
#ifndef MUTANT_NO_VERSION_CHECK
                fails = 1;
#endif
                break
            fi
        fi
    od;
    who = 0; maker = 0; first = 0
}

inline check_evicted(t) {
    if
    :: newest_evicted == 0 || (op[t * 2] == NONE && op[t * 2 + 1] == NONE) -> skip
    :: else ->
        if
        :: newest_evicted >= snap_xmax[t] -> fails = 1; forgotten = 1
        :: else
        fi;
        k = 1;
        do
        :: k <= N ->
            if
            :: k != t && xid[k] != 0 && xid[k] <= newest_evicted && RUNNING(k, t) &&
               (HAS(validated, k) || HAS(committed, k)) -> fails = 1; forgotten = 1
            :: else
            fi;
            k++
        :: else -> break
        od;
        k = 0
    fi
}

inline check_keys(t) {
    k = 1;
    do
    :: k <= N ->
        if
        :: HAS(rivals[t], k) && (HAS(validated, k) || (!IN_PROGRESS(k) && HAS(committed, k))) ->
#ifndef MUTANT_NO_KEY_CHECK
            fails = 1
#else
            skip
#endif
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0
}

/* ---- Publication ---- */

inline stamp(t, r) {
    if
    :: op[t * 2 + r] == UPDATE ->
        xmax[VERSION(r, at[t * 2 + r])] = t;
        non_key = non_key | (1 << VERSION(r, at[t * 2 + r]))
    :: op[t * 2 + r] == DELETE ->
        xmax[VERSION(r, at[t * 2 + r])] = t;
        non_key = non_key & ~(1 << VERSION(r, at[t * 2 + r]))
    :: else
    fi
}

/* Those who key-share-locked the old version and have not ended lock the new one too. */
inline share_key_locks(t, r) {
    m = 0;
    do
    :: m < count ->
        if
        :: i_mode[m] == SHARE && i_ident[m] == IDENT(r, at[t * 2 + r]) && IN_PROGRESS(i_who[m]) ->
            who = i_who[m];
            found = 0;
            k = 0;
            do
            :: k < count ->
                if
                :: i_mode[k] == SHARE && i_ident[k] == IDENT(r, t) && i_who[k] == who -> found = 1
                :: else
                fi;
                k++
            :: else -> break
            od;
            k = 0;
            if
            :: found -> m++
            :: else -> publish_intent(IDENT(r, t), SHARE, who); m = 0
            fi;
            who = 0; found = 0
        :: else -> m++
        fi
    :: else -> break
    od;
    m = 0
}

inline publish_row(t, r) {
    if
#ifdef MUTANT_NO_INTENTS
    :: op[t * 2 + r] == SHARE || op[t * 2 + r] == LOCK -> skip
#elif defined(MUTANT_LOCK_OLD_VERSION)
    :: op[t * 2 + r] == SHARE || op[t * 2 + r] == LOCK ->
        see(t, r);
        who = v;
        v = 0;
        publish_intent(IDENT(r, who), op[t * 2 + r], t);
        who = 0
#else
    :: op[t * 2 + r] == SHARE || op[t * 2 + r] == LOCK ->
        publish_intent(IDENT(r, at[t * 2 + r]), op[t * 2 + r], t);
#ifndef MUTANT_TRUST_REPLACER
        if
        :: before[r] != NOWHERE -> publish_intent(IDENT(r, before[r]), op[t * 2 + r], t)
        :: else
        fi
#endif
#endif
    :: op[t * 2 + r] == UPDATE && KEYLESS(r) ->
#ifndef MUTANT_NO_SHARING
        share_key_locks(t, r);
#endif
        add_intent(IDENT(r, at[t * 2 + r]), REPLACED, t, t)
#ifndef MUTANT_NO_DELETE_INTENT
    :: op[t * 2 + r] == DELETE && !KEYLESS(r) && at[t * 2 + r] != 0 &&
       xid[at[t * 2 + r]] >= horizon -> publish_intent(IDENT(r, at[t * 2 + r]), DELETE, t)
#endif
    :: else
    fi
}

inline doom_rivals(t) {
#ifndef MUTANT_NO_DOOM
    k = 1;
    do
    :: k <= N ->
        if
        :: HAS(rivals[t], k) && HAS(entered, k) && IN_PROGRESS(k) && !HAS(validated, k) ->
            doomed = doomed | BIT(k)
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0
#else
    skip
#endif
}

/* ---- What is asserted ---- */

/* Committing: nobody who has committed and was running for me, as I for him, conflicts. */
inline assert_first_wins(t) {
    k = 1;
    do
    :: k <= N ->
        if
        :: k != t && HAS(committed, k) && RUNNING(k, t) && !HAS(snap_done[k], t) ->
            assert(!CONFLICT(op[t * 2], op[k * 2]));
            assert(!CONFLICT(op[t * 2 + 1], op[k * 2 + 1]));
            assert((keys[t] & keys[k]) == 0)
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0
}

/* Failing: there is somebody to lose to. */
inline assert_lost_to_somebody(t) {
    found = (forgotten && was_evicted);
    k = 1;
    do
    :: k <= N ->
        if
        :: k != t && HAS(was_validated, k) && RUNNING(k, t) &&
           (CONFLICT(op[t * 2], op[k * 2]) || CONFLICT(op[t * 2 + 1], op[k * 2 + 1]) ||
            (keys[t] & keys[k]) != 0) -> found = 1
        :: else
        fi;
        k++
    :: else -> break
    od;
    assert(found);
    k = 0; found = 0
}

/* ---- A transaction ---- */

#ifdef MUTANT_NO_LOCK
#define TAKE_LOCK(t) skip
#define FREE_LOCK(t) skip
#else
#define TAKE_LOCK(t) lock_holder == 0 -> lock_holder = t
#define FREE_LOCK(t) lock_holder = 0
#endif

inline end_aborted(t) {
    done = done | BIT(t);
    if
    :: xid[t] > latest_completed -> latest_completed = xid[t]
    :: else
    fi;
    validated = validated & ~BIT(t);
    entered = entered & ~BIT(t);
    /* Nobody reads these any more; equal states become one. */
    doomed = doomed & ~BIT(t);
    snap_committed[t] = 0; snap_xmax[t] = 0; snap_xmin[t] = 0; rivals[t] = 0
}

proctype Transaction(byte t) {
    byte k, j, m, v, who, maker, first, horizon;
    byte before[2]; /* the version before the one claimed, if its replacement may be undone */
    bool fails, forgotten, found, duplicate;

    atomic {
        take_snapshot(t);
        op[t * 2] = NONE; op[t * 2 + 1] = NONE; at[t * 2] = NOWHERE; at[t * 2 + 1] = NOWHERE;
#if ROWS & 1
        choose_op(t, 0);
#endif
#if ROWS & 2
        choose_op(t, 1);
#endif
        wish[t * 2] = NONE; wish[t * 2 + 1] = NONE
    }
    atomic { xid[t] = next_xid; next_xid++ }
#if KEYS >= 1
    do
    :: atomic { (wished_keys[t] & 1) && !(wished_keys[t] & BACKWARDS) ->
                insert_key(t, 0); wished_keys[t] = wished_keys[t] & ~1 }
    :: atomic { (wished_keys[t] & 2) && ((wished_keys[t] & BACKWARDS) || !(wished_keys[t] & 1)) ->
                insert_key(t, 1); wished_keys[t] = (wished_keys[t] & 1) }
    :: wished_keys[t] == 0 -> break
    od;
#endif
    if
    :: duplicate -> atomic { was_duplicate = 1; keys[t] = 0; end_aborted(t) }; goto over
    :: else
    fi;

    atomic { TAKE_LOCK(t) };
    d_step { check_row(t, 1); check_row(t, 0) };
    d_step { check_evicted(t) };
    d_step {
        if
        :: HAS(doomed, t) -> fails = 1
        :: else
        fi
    };
#ifdef MUTANT_DOOM_FIRST
    d_step { doom_rivals(t) };
#endif
    d_step { check_keys(t) };
    if
    :: fails ->
        d_step { assert_lost_to_somebody(t); FREE_LOCK(t); end_aborted(t) };
        goto over
    :: else
    fi;

    d_step { stamp(t, 0); stamp(t, 1) };
    d_step {
        find_horizon(); publish_row(t, 0); publish_row(t, 1);
        horizon = 0; before[0] = 0; before[1] = 0
    };
#ifndef MUTANT_DOOM_FIRST
    d_step { doom_rivals(t) };
#endif
    d_step {
        was_validated = was_validated | BIT(t);
#ifndef MUTANT_NOT_VALIDATED
        validated = validated | BIT(t);
#endif
        FREE_LOCK(t)
    };

    /* The commit record; then it is no longer in progress.  Or it is cut off before. */
    if
    :: d_step { true; assert_first_wins(t); committed = committed | BIT(t) };
       d_step { end_aborted(t) }
    :: atomic { was_cut_off == 0 -> was_cut_off = 1; end_aborted(t) }
    fi;
over:
    skip
}

init {
    atomic {
#ifndef SHARERS
        choose_wishes(1); choose_wishes(2); choose_wishes(3);
#endif
        run Transaction(1); run Transaction(2); run Transaction(3);
#ifdef SHARERS
        run Transaction(4)
#endif
    };
    (done == BIT(N + 1) - 1);
    assert(committed != 0 || was_cut_off || was_duplicate);
another_order:
    skip
}
