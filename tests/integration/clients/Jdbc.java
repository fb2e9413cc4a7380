// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;

/** Logs in with pgjdbc, which reads no PG* variables: the program passes them. */
public class Jdbc {
    public static void main(String[] args) throws SQLException {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
                + System.getenv("PGDATABASE");
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        properties.setProperty("sslmode", "verify-full");
        properties.setProperty("sslrootcert", System.getenv("PGSSLROOTCERT"));
        try (Connection connection = DriverManager.getConnection(url, properties);
                ResultSet result = connection.createStatement().executeQuery("SELECT current_user")) {
            result.next();
            System.out.println(result.getString(1));
        }
    }
}
