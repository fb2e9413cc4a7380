// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** After five uses pgjdbc prepares a statement on the server. */
public class JdbcSession {
    private static void add(Connection connection, int base) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO notes VALUES (?, ?)")) {
            for (int i = 0; i < 5; i++) {
                insert.setInt(1, base + i);
                insert.setString(2, "note " + i);
                insert.addBatch();
            }
            insert.executeBatch();
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    private static void find(Connection connection, int base) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT body FROM notes WHERE id = ?")) {
            for (int i = 0; i < 20; i++) {
                select.setInt(1, base + i % 5);
                try (ResultSet result = select.executeQuery()) {
                    result.next();
                    if (!result.getString(1).equals("note " + i % 5)) {
                        throw new SQLException(result.getString(1));
                    }
                }
            }
        }
    }

    private static void addTwice(Connection connection, int base) throws SQLException {
        try {
            connection.createStatement().executeUpdate("INSERT INTO notes VALUES (" + base + ", 'twice')");
        } catch (SQLException e) {
            if (e.getSQLState().equals("23505")) {
                return;
            }
            throw e;
        }
        throw new SQLException("not refused");
    }

    public static void main(String[] args) throws SQLException {
        int base = Integer.parseInt(args[0]);
        String range = " FROM notes WHERE id BETWEEN " + base + " AND " + (base + 9);
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/postgres";
        try (Connection connection =
                DriverManager.getConnection(url, System.getenv("PGUSER"), System.getenv("PGPASSWORD"))) {
            connection.createStatement().executeUpdate("DELETE" + range);
            add(connection, base);
            find(connection, base);
            addTwice(connection, base);
            try (ResultSet result =
                    connection.createStatement().executeQuery("SELECT current_user, count(*)" + range)) {
                result.next();
                System.out.println(result.getString(1) + " " + result.getInt(2));
            }
        }
    }
}
