// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.file.Path

/**
 * The limits of a form, see [Request.form]. The whole form also has the limit [HttpLimits.maxBodyBytes]. Immutable.
 *
 * ```java
 * FormOptions options = FormOptions.DEFAULT.withMaxFileBytes(1 << 20);
 * ```
 *
 * @property maxFields how many fields and files a form may have; 1,000. More are answered with 413
 * @property maxTextBytes how many bytes its fields may have, with all names and the heads of files; 1 MiB. More are answered with 413
 * @property maxFileBytes how many bytes each file may have. More are answered with 413. The default is `Long.MAX_VALUE`, so that only the
 *   limit of the body holds
 * @property maxPartHeadBytes how many bytes the head of a part of `multipart/form-data` may have; 8 KiB. More are answered with 413
 * @property memoryBytes how many bytes of all files stay in memory; 64 KiB. From there on all of them are in one file on disk
 * @property folder the folder of that file; null for the one of the system (`java.io.tmpdir`)
 */
public class FormOptions private constructor(
    public val maxFields: Int,
    public val maxTextBytes: Int,
    public val maxFileBytes: Long,
    public val maxPartHeadBytes: Int,
    public val memoryBytes: Int,
    public val folder: Path?,
) {
    init {
        require(maxFields > 0) { "maxFields must be positive, but is $maxFields" }
        require(maxTextBytes > 0) { "maxTextBytes must be positive, but is $maxTextBytes" }
        require(maxFileBytes >= 0) { "maxFileBytes must not be negative, but is $maxFileBytes" }
        require(maxPartHeadBytes > 0) { "maxPartHeadBytes must be positive, but is $maxPartHeadBytes" }
        require(memoryBytes >= 0) { "memoryBytes must not be negative, but is $memoryBytes" }
    }

    /** These options with another [maxFields]. */
    public fun withMaxFields(most: Int): FormOptions = with(maxFields = most)

    /** These options with another [maxTextBytes]. */
    public fun withMaxTextBytes(most: Int): FormOptions = with(maxTextBytes = most)

    /** These options with another [maxFileBytes]. */
    public fun withMaxFileBytes(most: Long): FormOptions = with(maxFileBytes = most)

    /** These options with another [maxPartHeadBytes]. */
    public fun withMaxPartHeadBytes(most: Int): FormOptions = with(maxPartHeadBytes = most)

    /** These options with another [memoryBytes]. */
    public fun withMemoryBytes(most: Int): FormOptions = with(memoryBytes = most)

    /** These options with another [folder]. */
    public fun withFolder(folder: Path): FormOptions = with(folder = folder)

    private fun with(
        maxFields: Int = this.maxFields,
        maxTextBytes: Int = this.maxTextBytes,
        maxFileBytes: Long = this.maxFileBytes,
        maxPartHeadBytes: Int = this.maxPartHeadBytes,
        memoryBytes: Int = this.memoryBytes,
        folder: Path? = this.folder,
    ) = FormOptions(maxFields, maxTextBytes, maxFileBytes, maxPartHeadBytes, memoryBytes, folder)

    override fun toString(): String = "FormOptions($maxFields fields, $maxTextBytes bytes of text, $maxFileBytes bytes of a file, " +
        "$maxPartHeadBytes bytes of a head, $memoryBytes bytes in memory, ${folder ?: "the system's folder"})"

    public companion object {
        /** The options that hold where none are given. */
        @JvmField
        public val DEFAULT: FormOptions = FormOptions(1000, 1024 * 1024, Long.MAX_VALUE, 8 * 1024, 64 * 1024, null)
    }
}
