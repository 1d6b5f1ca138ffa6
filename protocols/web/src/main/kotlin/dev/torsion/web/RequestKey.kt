// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * Names something that a filter gives to the handlers behind it, with [Request.with]. Two keys are the same when they are one object.
 *
 * ```java
 * static final RequestKey<User> USER = new RequestKey<>("user");
 * ```
 *
 * @property name a name for messages
 */
public class RequestKey<T : Any>(@get:JvmName("name") public val name: String) {
    override fun toString(): String = "RequestKey($name)"
}
