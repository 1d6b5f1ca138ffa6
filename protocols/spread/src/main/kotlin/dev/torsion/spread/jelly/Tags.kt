// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.spread.banana.Bytes

/** The types that mean something to Jelly and to Perspective Broker themselves. */
internal object Tags {
    val NONE = Bytes.utf8("None")
    val BOOLEAN = Bytes.utf8("boolean")
    val UNICODE = Bytes.utf8("unicode")
    val LIST = Bytes.utf8("list")
    val TUPLE = Bytes.utf8("tuple")
    val SET = Bytes.utf8("set")
    val FROZENSET = Bytes.utf8("frozenset")
    val DICTIONARY = Bytes.utf8("dictionary")
    val DATETIME = Bytes.utf8("datetime")
    val DATE = Bytes.utf8("date")
    val TIME = Bytes.utf8("time")
    val TIMEDELTA = Bytes.utf8("timedelta")
    val DECIMAL = Bytes.utf8("decimal")
    val REFERENCE = Bytes.utf8("reference")
    val DEREFERENCE = Bytes.utf8("dereference")
    val UNPERSISTABLE = Bytes.utf8("unpersistable")
    val PERSISTENT = Bytes.utf8("persistent")
    val REMOTE = Bytes.utf8("remote")
    val LOCAL = Bytes.utf8("local")
    val CACHED = Bytes.utf8("cached")
    val LCACHE = Bytes.utf8("lcache")
    val TRUE = Bytes.utf8("true")
    val FALSE = Bytes.utf8("false")

    /** Types by which Twisted's peers would have code looked up. */
    private val REFUSED = listOf("class", "module", "function", "method", "instance")

    val ALL: Set<String> =
        listOf(
            NONE, BOOLEAN, UNICODE, LIST, TUPLE, SET, FROZENSET, DICTIONARY, DATETIME, DATE, TIME, TIMEDELTA, DECIMAL, REFERENCE,
            DEREFERENCE, UNPERSISTABLE, PERSISTENT, REMOTE, LOCAL, CACHED, LCACHE,
        ).map { it.utf8() }.toSet() + REFUSED
}
