// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.element
import io.kotest.property.arbitrary.list
import io.kotest.property.checkAll

/** Names are found where the database would see one, and nowhere in text, names in quotes and comments. */
internal class NamedParametersSpec :
    FunSpec({
        fun names(text: String, dialect: Dialect = Dialect.OTHER) = NamedParameters.parse(text, dialect).names

        test("names, and what only looks like one") {
            names("a = :a AND b=:b_2 AND c IN (:c)") shouldContainExactly listOf("a", "b_2", "c")
            names("':a' \":b\" `:c` ':a''s :d' :e") shouldContainExactly listOf("e")
            names("-- :a\n:b -- :c") shouldContainExactly listOf("b")
            names("/* :a */ :b /* :c") shouldContainExactly listOf("b")
            names("x::int, :a::text, @v := 1, 12:30") shouldContainExactly listOf("a")
            names("':a") shouldBe emptyList()
            names(":größe") shouldContainExactly listOf("größe")
        }

        test("what only some databases have") {
            names("'it\\'s :a' :b", Dialect.MARIADB) shouldContainExactly listOf("b")
            names("'\\' :a '", Dialect.POSTGRESQL) shouldContainExactly listOf("a")
            names("E'\\' :a ' :b", Dialect.POSTGRESQL) shouldContainExactly listOf("b")
            names("\$\$ :a \$\$ :b \$x\$ :c \$\$ \$x\$ :d a\$b\$ :e", Dialect.POSTGRESQL) shouldContainExactly listOf("b", "d", "e")
            names("/* /* :a */ :b */ :c", Dialect.POSTGRESQL) shouldContainExactly listOf("c")
            names("/* /* :a */ :b", Dialect.MARIADB) shouldContainExactly listOf("b")
            names("# :a\n:b", Dialect.MARIADB) shouldContainExactly listOf("b")
            names("data #> :path ?? :key", Dialect.POSTGRESQL) shouldContainExactly listOf("path", "key")
        }

        for ((database, text) in listOf(
            TestDatabase.H2 to "SELECT CONCAT(\$\$it's :x \$\$, :y) AS v",
            TestDatabase.SQLITE to "SELECT [it's :x] || :y AS v FROM (SELECT 'it''s :x ' AS [it's :x])",
            TestDatabase.POSTGRESQL to "SELECT -- it's :x\r 'it''s :x ' || CAST(:y AS text) AS v",
            TestDatabase.MARIADB to "SELECT CONCAT('it''s :x ', IF(5--:n = 6, :y, 'none')) AS v",
        )) {
            test("${database.name}: quotes and comments are where the database sees them").config(enabledOrReasonIf = { database.isHere }) {
                withPool(database.fresh()) { pool ->
                    pool.query("SELECT 1").result() // now the pool knows which database it is
                    val sql = Sql.of(text).bind("y", "end").let { if (":n" in text) it.bind("n", 1) else it }
                    pool.query(sql).result().single()["v"] shouldBe "it's :x end"
                }
            }
        }

        test("a collection that changes once it is bound") {
            val ids = arrayListOf(1, 2)
            val statements = listOf(Sql.of("IN (:ids)").bind("ids", ids), Sql.of("IN (:ids)", mapOf("ids" to ids)))
            ids.clear()
            for (sql in statements) Binding(Dialect.H2).bound(sql).values shouldContainExactly listOf(1, 2)
        }

        test("a statement has names or question marks") {
            shouldThrow<MappingException> { names("a = :a AND b = ?") }
            names("':a' = '?' AND :b") shouldContainExactly listOf("b")
        }

        test("names that are missing, unknown, or of an empty collection are errors, before anything is sent") {
            val binding = Binding(Dialect.H2)
            shouldThrow<MappingException> { binding.bound(Sql.of(":a :b").bind("a", 1)) }
            shouldThrow<MappingException> { binding.bound(Sql.of(":a").bind("a", 1).bind("c", 1)) }
            shouldThrow<MappingException> { binding.bound(Sql.of("IN (:a)").bind("a", emptyList<Int>())) }
            shouldThrow<IllegalArgumentException> { Sql.of("?", 1).bind("a", 1) }
            binding.bound(Sql.of("x IN (:a) OR x = :b OR x = :a").bind("a", listOf(1, 2)).bind("b", null)).let {
                it.text shouldBe "x IN (?, ?) OR x = ? OR x = ?, ?"
                it.values shouldContainExactly listOf(1, 2, null, 1, 2)
            }
        }

        test("whatever the text: what is not a name stays as it was") {
            val parts = listOf("'", "\"", "`", ":a", "::", ":", "$", "$$", "\\", "--", "/*", "*/", "\n", " ", "x", "E", "#", "ä", "1")
            checkAll(2_000, Arb.list(Arb.element(parts), 0..12), Arb.element(Dialect.entries)) { list, dialect ->
                val text = list.joinToString("")
                val parsed = NamedParameters.parse(text, dialect)
                parsed.pieces.size shouldBe parsed.names.size + 1
                parsed.pieces.reduceIndexed { index, whole, piece -> whole + ":" + parsed.names[index - 1] + piece } shouldBe text
            }
        }
    })
