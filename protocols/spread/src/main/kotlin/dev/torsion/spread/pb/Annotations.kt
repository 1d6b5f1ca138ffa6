// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

/**
 * The other side may call this method of a [Referenceable]; Twisted's prefix `remote_`.
 *
 * ```java
 * class Calculator implements Root {
 *   @Remote
 *   public int add(int a, int b) {
 *     return a + b;
 *   }
 * }
 * ```
 *
 * Only methods that say so may be called. They are collected once for each class; a name from the wire is looked up in that table and
 * nowhere else. See [Referenceable] for their parameters and results.
 *
 * @property value the name on the wire; that of the method unless given
 */
@Target(AnnotationTarget.FUNCTION)
@Retention(AnnotationRetention.RUNTIME)
@MustBeDocumented
public annotation class Remote(val value: String = "")

/** The user may call this method of their [Avatar]; Twisted's prefix `perspective_`. The rest is as for [Remote]. */
@Target(AnnotationTarget.FUNCTION)
@Retention(AnnotationRetention.RUNTIME)
@MustBeDocumented
public annotation class Perspective(val value: String = "")

/** The other side may call this method of a [Viewable], whose first parameter is the caller's avatar; Twisted's prefix `view_`. */
@Target(AnnotationTarget.FUNCTION)
@Retention(AnnotationRetention.RUNTIME)
@MustBeDocumented
public annotation class View(val value: String = "")

/** The original of a [RemoteCache] may call this method of the copy, to tell of a change; Twisted's prefix `observe_`. */
@Target(AnnotationTarget.FUNCTION)
@Retention(AnnotationRetention.RUNTIME)
@MustBeDocumented
public annotation class Observe(val value: String = "")

/** The name of a parameter for arguments that are given by name, where the class file does not have it. */
@Target(AnnotationTarget.VALUE_PARAMETER)
@Retention(AnnotationRetention.RUNTIME)
@MustBeDocumented
public annotation class Arg(val value: String)
